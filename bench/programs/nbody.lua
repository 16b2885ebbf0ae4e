-- Floats and attributes: the planets of the solar system as tables.
local scale = tonumber(arg[1] or "1")
local steps = math.max(1, math.floor(60000 * scale))
local sqrt = math.sqrt
local SOLAR_MASS = 4 * 3.141592653589793 ^ 2
local DAYS = 365.24

local function body(x, y, z, vx, vy, vz, mass)
  return {x = x, y = y, z = z, vx = vx * DAYS, vy = vy * DAYS, vz = vz * DAYS, mass = mass * SOLAR_MASS}
end

local bodies = {
  body(0, 0, 0, 0, 0, 0, 1),
  body(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
       0.00166007664274403694, 0.00769901118419740425, -6.90460016972063023e-05, 9.54791938424326609e-04),
  body(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
       -0.00276742510726411381, 0.00499852801234917238, 2.30417297573763929e-05, 2.85885980666130812e-04),
  body(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
       0.00296460137564761618, 0.00237847173959480950, -2.96589568540237556e-05, 4.36624404335156298e-05),
  body(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
       0.00268067772490389322, 0.00162824170038242295, -9.51592254519715870e-05, 5.15138902046611451e-05),
}

local function offset_momentum()
  local sun = bodies[1]
  for i = 2, #bodies do
    local b = bodies[i]
    sun.vx = sun.vx - b.vx * b.mass / SOLAR_MASS
    sun.vy = sun.vy - b.vy * b.mass / SOLAR_MASS
    sun.vz = sun.vz - b.vz * b.mass / SOLAR_MASS
  end
end

local function energy()
  local total = 0.0
  for i, a in ipairs(bodies) do
    total = total + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      total = total - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return total
end

local function advance(dt)
  local count = #bodies
  for _ = 1, steps do
    for i = 1, count do
      local a = bodies[i]
      for j = i + 1, count do
        local b = bodies[j]
        local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
        local squared = dx * dx + dy * dy + dz * dz
        local pull = dt / (squared * sqrt(squared))
        a.vx = a.vx - dx * b.mass * pull
        a.vy = a.vy - dy * b.mass * pull
        a.vz = a.vz - dz * b.mass * pull
        b.vx = b.vx + dx * a.mass * pull
        b.vy = b.vy + dy * a.mass * pull
        b.vz = b.vz + dz * a.mass * pull
      end
    end
    for i = 1, count do
      local b = bodies[i]
      b.x = b.x + dt * b.vx
      b.y = b.y + dt * b.vy
      b.z = b.z + dt * b.vz
    end
  end
end

offset_momentum()
local start = os.clock()
advance(0.01)
print("TIME nbody", os.clock() - start, steps)
print(string.format("CHECK %.9f", energy()))
