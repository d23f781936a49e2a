-- What gRPC callers read of errors that did not come from a service.

-- One length-delimited protobuf field.
local function field(tag, bytes)
  local length, varint = #bytes, ""
  while length >= 128 do
    varint = varint .. string.char(length % 128 + 128)
    length = math.floor(length / 128)
  end
  return string.char(tag) .. varint .. string.char(length) .. bytes
end

-- A google.rpc.Status with an ErrorInfo, as services answer it.
local function status_details(number, message, reason)
  local info = field(0x0a, reason) .. field(0x12, "ignis")
  local any = field(0x0a, "type.googleapis.com/google.rpc.ErrorInfo") .. field(0x12, info)
  return "\8" .. string.char(number) .. field(0x12, message) .. field(0x1a, any)
end

-- Hides what an exception said. `fields` are trailers, or headers without trailers.
local function mask_fault(fields)
  local number = tonumber(fields:get("grpc-status") or "")
  if FAULTS[number] and not fields:get("grpc-status-details-bin") then
    fields:replace("grpc-message", MASK)
  end
end

-- Gives an error of the gateway's own, or of auth, the details of all errors.
local function add_details(response, headers, reason)
  local message = (headers:get("grpc-message") or ""):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end)
  local details = status_details(tonumber(headers:get("grpc-status")), message, reason)
  headers:replace("grpc-status-details-bin", response:base64Escape(details))
end
