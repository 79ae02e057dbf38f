-- Spreads requests over the lines of a file (host, space, path), and prints the
-- result as JSON. Each of wrk's threads begins at another line.
local requests, threads = {}, 0
local next_request = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

function init(args)
   for line in io.lines(args[1]) do
      local host, path = line:match("^(%S+) (%S+)$")
      requests[#requests + 1] = wrk.format("GET", path, {
         ["Host"] = host,
         ["User-Agent"] = "curl/8.14.1",
         ["Accept"] = "application/json",
         ["X-Forwarded-For"] = "10.0.3.17",
         ["X-Forwarded-Proto"] = "https",
         ["X-Forwarded-Port"] = "443",
         ["X-Amzn-Trace-Id"] = "Root=1-67891233-abcdef012345678912345678",
      })
   end
   next_request = number * math.floor(#requests / 2)
end

function request()
   next_request = next_request % #requests + 1
   return requests[next_request]
end

function done(summary, latency, _)
   local e = summary.errors
   io.stderr:write(string.format(
      '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout))
end
