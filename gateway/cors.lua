-- Lets pages of the origins in CORS_ORIGIN call: a comma-separated list, or *.
-- Envoy's own CORS filter knows no list in one value, and leaves out answers
-- that come from a route itself, such as 404.

local EXPOSED = "x-request-id, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, grpc-status, grpc-message, grpc-status-details-bin"
local METHODS = "GET, POST, PATCH, DELETE"
local HEADERS = "authorization, content-type, x-api-key, x-grpc-web, x-user-agent, grpc-timeout, last-event-id"
local SPACE = "ignis.cors"

local allowed = {}
for origin in ([==[${CORS_ORIGIN}]==]):gmatch("[^,%s]+") do
  allowed[origin:lower():gsub("/+%f[%z]", "")] = true
end

local function may_call(origin)
  return origin and (allowed["*"] or allowed[origin:lower()])
end

function envoy_on_request(request)
  local headers = request:headers()
  local origin = headers:get("origin")
  if not may_call(origin) then return end
  local is_preflight = headers:get(":method") == "OPTIONS"
    and headers:get("access-control-request-method")
  if is_preflight then
    request:respond({
      [":status"] = "204",
      ["access-control-allow-origin"] = origin,
      ["access-control-allow-methods"] = METHODS,
      ["access-control-allow-headers"] = HEADERS,
      ["access-control-max-age"] = "600",
      ["vary"] = "origin",
    })
    return
  end
  request:streamInfo():dynamicMetadata():set(SPACE, "origin", origin)
end

function envoy_on_response(response)
  local seen = response:streamInfo():dynamicMetadata():get(SPACE)
  if not seen then return end
  local headers = response:headers()
  headers:replace("access-control-allow-origin", seen.origin)
  headers:replace("access-control-expose-headers", EXPOSED)
  headers:add("vary", "origin")
end
