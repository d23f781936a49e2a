-- Gives the services' answers their HTTP form: the status of a success, the
-- one shape of errors, and no header that is nobody's business outside.

local NAMES = {
  [1] = "CANCELLED", [2] = "UNKNOWN", [3] = "INVALID_ARGUMENT",
  [4] = "DEADLINE_EXCEEDED", [5] = "NOT_FOUND", [6] = "ALREADY_EXISTS",
  [7] = "PERMISSION_DENIED", [8] = "RESOURCE_EXHAUSTED",
  [9] = "FAILED_PRECONDITION", [10] = "ABORTED", [11] = "OUT_OF_RANGE",
  [12] = "UNIMPLEMENTED", [13] = "INTERNAL", [14] = "UNAVAILABLE",
  [15] = "DATA_LOSS", [16] = "UNAUTHENTICATED",
}
-- Faults whose text may come from an exception, unless an ErrorInfo says that
-- Ignis wrote it.
local FAULTS = {[2] = true, [13] = true, [15] = true}
local MASK = "Something went wrong inside Ignis; try again, and report the x-request-id of this answer if it goes on."
local SILENT = "The request was refused without a reason; report the x-request-id of this answer."

local function starts_with(text, prefix)
  return text:sub(1, #prefix) == prefix
end

local function remove_where(headers, unwanted)
  local names = {}
  for name in pairs(headers) do
    if unwanted(name) then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do headers:remove(name) end
end

local function is_internal(name)
  return starts_with(name, "x-ignis-") or starts_with(name, "x-envoy-")
end

local function is_internal_for_json(name)
  return is_internal(name) or starts_with(name, "grpc-")
end

-- The transcoder prints {"code":3,"message":"…","details":[…]}. In a JSON
-- string every quote is escaped, so a pattern with bare quotes can only match
-- the structure, whatever the message says.
local function error_body(text)
  local number, message_at = text:match('^{"code":(%d+),"message":()"')
  local message_end, details_at = text:find('","details":[', message_at or 1, true)
  if not number or not message_end then return nil end
  number = tonumber(number)
  local message = text:sub(message_at, message_end)
  local details = text:sub(details_at, -2)
  local name = NAMES[number] or "UNKNOWN"
  local reason = details:match('^%[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"([%w_]+)"')
  if FAULTS[number] and not reason then
    message, details = '"' .. MASK .. '"', "[]"
  elseif message == '""' then
    message = '"' .. SILENT .. '"'
  end
  return '{"error":{"code":"' .. name .. '","reason":"' .. (reason or name)
    .. '","message":' .. message .. ',"details":' .. details .. "}}",
    details:match('"retry_delay":"(%d+)')
end

local function shape_error(response)
  local body = response:body()
  if not body then return end
  local text = body:getBytes(0, body:length())
  if starts_with(text, '{"error":') then return end
  local shaped, retry_after = error_body(text)
  shaped = shaped or '{"error":{"code":"INTERNAL","reason":"INTERNAL","message":"' .. MASK .. '","details":[]}}'
  -- Reading the body made the headers that were fetched before it invalid.
  local headers = response:headers()
  headers:replace("content-length", tostring(body:setBytes(shaped)))
  if retry_after and not headers:get("retry-after") then headers:add("retry-after", retry_after) end
end

local function set_status(response, status)
  response:headers():replace(":status", status)
  if status ~= "204" then return end
  response:headers():remove("content-type")
  local body = response:body(true)
  if body then body:setBytes("") end
  response:headers():remove("content-length")
end

local function mask_fault(fields)
  local number = tonumber(fields:get("grpc-status"))
  if FAULTS[number] and not fields:get("grpc-status-details-bin") then
    fields:replace("grpc-message", MASK)
  end
end

local function answer_grpc(response, headers)
  remove_where(headers, is_internal)
  if headers:get("grpc-status") then
    mask_fault(headers)
    return
  end
  local trailers = response:trailers()
  if trailers then mask_fault(trailers) end
end

function envoy_on_response(response)
  local headers = response:headers()
  local content_type = headers:get("content-type") or ""
  if starts_with(content_type, "application/grpc") then
    answer_grpc(response, headers)
    return
  end
  local success_status = headers:get("x-ignis-http-status")
  remove_where(headers, is_internal_for_json)
  local status = headers:get(":status")
  if status == "200" and success_status then
    set_status(response, success_status)
  elseif tonumber(status) >= 400 and starts_with(content_type, "application/json") then
    shape_error(response)
  end
end
