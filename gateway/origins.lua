-- Lets the CORS filter see an Origin only where the operator allows it.
-- CORS_ORIGIN is a comma-separated list of origins, or * for any.
local allowed = {}
for origin in ([==[${CORS_ORIGIN}]==]):gmatch("[^,%s]+") do
  allowed[origin:lower():gsub("/+%f[%z]", "")] = true
end

function envoy_on_request(request)
  local headers = request:headers()
  local origin = headers:get("origin")
  if origin and not allowed["*"] and not allowed[origin:lower()] then
    headers:remove("origin")
  end
end
