-- Sorting: ints, floats, strings.
local scale = tonumber(arg[1] or "1")
local n = math.max(10, math.floor(200000 * scale))

local state, ints, floats, strings = 42, {}, {}, {}
for i = 1, n do
  state = (state * 1103515245 + 12345) % 2147483648
  ints[i], floats[i], strings[i] = state, state / 1024, tostring(state)
end

for _, entry in ipairs {{"sort-int", ints}, {"sort-float", floats}, {"sort-str", strings}} do
  local copy = table.move(entry[2], 1, n, 1, {})
  local start = os.clock()
  table.sort(copy)
  print("TIME", entry[1], os.clock() - start, n)
end
