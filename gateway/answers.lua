-- Gives answers the form that callers expect: the status of a success, the one
-- shape of errors, and no header that is nobody's business outside.

local function starts_with(text, prefix)
  return text:sub(1, #prefix) == prefix
end

local function remove_headers(headers, prefixes)
  local unwanted = {}
  for name in pairs(headers) do
    for _, prefix in ipairs(prefixes) do
      if starts_with(name, prefix) then unwanted[#unwanted + 1] = name end
    end
  end
  for _, name in ipairs(unwanted) do headers:remove(name) end
end

local function answer_error(response)
  local body = response:body()
  if not body then return end
  local text = body:getBytes(0, body:length())
  local shaped, retry_after
  if starts_with(text, '{"error":') then
    shaped = complete_own(text)
  else
    shaped, retry_after = shape_status(text)
  end
  -- Reading the body made the headers that were fetched before it invalid.
  local headers = response:headers()
  headers:replace("content-length", tostring(body:setBytes(shaped)))
  if retry_after then headers:replace("retry-after", retry_after) end
end

local function answer_success(response, status)
  response:headers():replace(":status", status)
  if status ~= "204" then return end
  response:headers():remove("content-type")
  local body = response:body(true)
  if body then body:setBytes("") end
  response:headers():remove("content-length")
end

local function answer_json(response, headers)
  local success_status = headers:get("x-ignis-http-status")
  remove_headers(headers, {"x-ignis-", "grpc-"})
  local status = headers:get(":status")
  if status == "200" and success_status then
    answer_success(response, success_status)
  elseif tonumber(status) >= 400 and starts_with(headers:get("content-type") or "", "application/json") then
    answer_error(response)
  end
end

local function answer_grpc(response, headers)
  local reason = headers:get("x-ignis-reason")
  remove_headers(headers, {"x-ignis-"})
  if not headers:get("grpc-status") then
    local trailers = response:trailers()
    if trailers then mask_fault(trailers) end
  elseif reason then
    add_details(response, headers, reason)
  else
    mask_fault(headers)
  end
end

function envoy_on_response(response)
  local headers = response:headers()
  local content_type = headers:get("content-type") or ""
  -- What the gateway itself answers to gRPC-Web is plain text with a grpc-status.
  local is_grpc = starts_with(content_type, "application/grpc")
    or starts_with(content_type, "text/plain") and headers:get("grpc-status")
  if is_grpc then answer_grpc(response, headers) else answer_json(response, headers) end
end
