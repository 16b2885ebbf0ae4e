-- Calls: the naive Fibonacci function.
local scale = tonumber(arg[1] or "1")
local rounds = math.max(1, math.floor(4 * scale))

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local start = os.clock()
local total = 0
for _ = 1, rounds do total = total + fib(27) end
print("TIME fib", os.clock() - start, rounds)
print("CHECK " .. total)
