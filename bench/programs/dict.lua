-- Tables as dictionaries: insert, look up, count and delete, with int and with string keys.
local scale = tonumber(arg[1] or "1")
local n = math.max(10, math.floor(300000 * scale))

local function int_keys()
  local t, size, found = {}, 0, 0
  for i = 0, n - 1 do
    local key = i * 7919 % 1000003
    if t[key] == nil then size = size + 1 end
    t[key] = i
  end
  for i = 0, 2 * n - 1 do
    local value = t[i]
    if value then found = found + (value & 7) end
  end
  return size + found
end

local function string_keys()
  local words, counts, size, total = {}, {}, 0, 0
  for i = 0, n - 1 do words[#words + 1] = "key" .. i % (n // 2) end
  for _, word in ipairs(words) do
    local count = counts[word]
    if not count then size = size + 1 end
    counts[word] = (count or 0) + 1
  end
  for _, word in ipairs(words) do total = total + counts[word] end
  return size + total
end

local function churn()
  local t, size = {}, 0
  for i = 0, n - 1 do
    t[i] = i
    size = size + 1
    if i >= 1000 then
      t[i - 1000] = nil
      size = size - 1
    end
  end
  return size
end

local checks = {}
for _, entry in ipairs {{"dict-int", int_keys}, {"dict-str", string_keys}, {"dict-churn", churn}} do
  local start = os.clock()
  checks[#checks + 1] = entry[2]()
  print("TIME", entry[1], os.clock() - start, n)
end
print("CHECK " .. table.concat(checks, " "))
