-- Objects: method calls, attribute changes, inheritance; a method stands for the property.
local scale = tonumber(arg[1] or "1")
local n = math.max(10, math.floor(600000 * scale))

local Counter = {}
Counter.__index = Counter
function Counter.new(step) return setmetatable({step = step, value = 0}, Counter) end
function Counter:increment() self.value = self.value + self.step end
function Counter:read() return self.value end

local Limited = setmetatable({}, {__index = Counter})
Limited.__index = Limited
function Limited.new(step, limit)
  local made = setmetatable(Counter.new(step), Limited)
  made.limit = limit
  return made
end
function Limited:increment()
  if self.value + self.step > self.limit then self.value = 0 end
  Counter.increment(self)
end

local Toggle = setmetatable({}, {__index = Counter})
Toggle.__index = Toggle
function Toggle.new() return setmetatable(Counter.new(0), Toggle) end
function Toggle:increment() self.value = 1 - self.value end
function Toggle:on() return self.value == 1 end

local function monomorphic()
  local counter = Counter.new(3)
  for _ = 1, n do counter:increment() end
  return counter:read()
end

local function polymorphic()
  local things, total = {[0] = Counter.new(1), Limited.new(2, 1000), Toggle.new()}, 0
  for i = 0, n - 1 do
    local thing = things[i % 3]
    thing:increment()
    total = total + thing:read()
  end
  return total
end

local function allocate()
  local total = 0
  for i = 0, n - 1 do total = total + Counter.new(i).step end
  return total
end

local function use_property()
  local toggle, count = Toggle.new(), 0
  for _ = 1, n do
    toggle:increment()
    if toggle:on() then count = count + 1 end
  end
  return count
end

local checks = {}
for _, entry in ipairs {
  {"method-call", monomorphic}, {"method-poly", polymorphic}, {"object-new", allocate}, {"property", use_property}
} do
  local start = os.clock()
  checks[#checks + 1] = entry[2]()
  print("TIME", entry[1], os.clock() - start, n)
end
print("CHECK " .. table.concat(checks, " "))
