-- Reads a body that is too large to its end, and keeps nothing of it. The
-- route answers 413 then. Were it answered before, the connection would have
-- to be cut, and many clients would see that instead of the answer.

function envoy_on_request(request)
  local length = tonumber(request:headers():get("content-length") or "")
  if not length or length <= @{max_body_bytes} then return end
  for chunk in request:bodyChunks() do chunk:setBytes("") end
end
