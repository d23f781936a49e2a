-- The one shape of errors in JSON: {"error": {"code", "reason", "message", "details"}}.
--
-- In a JSON string every quote is escaped. So a pattern with bare quotes can
-- only match the structure around the strings, whatever a message says.

local NAMES = {
  [1] = "CANCELLED", [2] = "UNKNOWN", [3] = "INVALID_ARGUMENT",
  [4] = "DEADLINE_EXCEEDED", [5] = "NOT_FOUND", [6] = "ALREADY_EXISTS",
  [7] = "PERMISSION_DENIED", [8] = "RESOURCE_EXHAUSTED",
  [9] = "FAILED_PRECONDITION", [10] = "ABORTED", [11] = "OUT_OF_RANGE",
  [12] = "UNIMPLEMENTED", [13] = "INTERNAL", [14] = "UNAVAILABLE",
  [15] = "DATA_LOSS", [16] = "UNAUTHENTICATED",
}
-- Faults whose text may come from an exception, unless there are details:
-- those are what Ignis itself wrote.
local FAULTS = {[2] = true, [13] = true, [15] = true}
local MASK = "Something went wrong inside Ignis; try again, and report the x-request-id of this answer if it goes on."
local SILENT = "Ignis gave no reason; report the x-request-id of this answer."
local ERROR_INFO = '^%[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"([%w_]+)"'

local function error_json(code, reason, message, details)
  if message == "" then message = SILENT end
  return '{"error":{"code":"' .. code .. '","reason":"' .. reason
    .. '","message":"' .. message .. '","details":' .. details .. "}}"
end

local UNREADABLE = error_json("INTERNAL", "INTERNAL", MASK, "[]")

-- Shapes what the transcoder prints of a service's status:
-- {"code":3,"message":"…","details":[…]}. Returns the seconds of a RetryInfo too.
local function shape_status(text)
  local number, rest = text:match('^{"code":(%d+),"message":"()')
  local message_end, details_at = text:find('","details":[', (rest or 2) - 1, true)
  if not number or not message_end then return UNREADABLE end
  number = tonumber(number)
  local name = NAMES[number] or "UNKNOWN"
  local details = text:sub(details_at, -2)
  if FAULTS[number] and details == "[]" then
    return error_json(name, name, MASK, details)
  end
  local message = text:sub(rest, message_end - 1)
  local delay = tonumber(details:match('"retry_delay":"([%d.]+)s"'))
  local retry_after = delay and tostring(math.max(1, math.ceil(delay)))
  return error_json(name, details:match(ERROR_INFO) or name, message, details), retry_after
end

local KINDS = {
  TYPE_BOOL = "true or false", TYPE_DOUBLE = "a number", TYPE_FLOAT = "a number",
  TYPE_INT32 = "a whole number", TYPE_UINT32 = "a whole number from 0",
  TYPE_STRING = "a string",
  ["type.googleapis.com/google.protobuf.Timestamp"] = "a time such as 2026-01-31T12:00:00Z",
}

-- Says in a reason and a sentence what the transcoder could not read. Its text
-- is JSON-escaped, as it stands in the answer.
local function explain(text)
  local unknown = text:match('^Could not find field \\"(.*)\\" in the type')
  if unknown then
    return "QUERY_PARAMETER_UNKNOWN",
      'This path takes no query parameter \\"' .. unknown .. '\\"; check its spelling.'
  end
  local field, kind = text:match("^([%w_.%[%]]+): invalid value .* for type ([%w_./]+)")
  if field then
    return "FIELD_INVALID", field .. " must be " .. (KINDS[kind] or "an object") .. "."
  end
  local problem = text:match("^: invalid value (.-)%.? for type")
  if problem then return "FIELD_INVALID", "A field has the wrong type: " .. problem .. "." end
  field = text:match("of the field ([%w_.]+) is conflicting with")
  if field then
    return "FIELD_INVALID", "The path and the body differ in " .. field .. "; leave it out of the body."
  end
  if text:find("Root element must be a message", 1, true) then
    return "MALFORMED_JSON", "The body must be a JSON object."
  end
  local near
  problem, near = text:match("^(.-)\\n(.*)\\n *^")
  local where = near and near ~= "" and " Near: " .. near or ""
  return "MALFORMED_JSON", "The body is not valid JSON. " .. (problem or text) .. where
end

-- Completes an error that Envoy itself answered, which has the shape already.
local function complete_own(text)
  local head, message, tail =
    text:match('^(.-"message":")(.*)(","reason":"[%w_]+"}}%s*)')
  if not head then return text end
  if message == "" then return head .. SILENT .. tail end
  if not tail:find('"MALFORMED_JSON"', 1, true) then return text end
  local reason, sentence = explain(message)
  return error_json("INVALID_ARGUMENT", reason, sentence, "[]")
end
