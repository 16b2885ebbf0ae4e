// Floats and attributes: the planets of the solar system as objects.
const scale = Number(process.argv[2] || 1);
const steps = Math.max(1, Math.floor(60000 * scale));
const SOLAR_MASS = 4 * 3.141592653589793 ** 2;
const DAYS = 365.24;

class Body {
  constructor(x, y, z, vx, vy, vz, mass) {
    this.x = x; this.y = y; this.z = z;
    this.vx = vx * DAYS; this.vy = vy * DAYS; this.vz = vz * DAYS;
    this.mass = mass * SOLAR_MASS;
  }
}

const bodies = [
  new Body(0, 0, 0, 0, 0, 0, 1),
  new Body(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
           0.00166007664274403694, 0.00769901118419740425, -6.90460016972063023e-05, 9.54791938424326609e-04),
  new Body(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
           -0.00276742510726411381, 0.00499852801234917238, 2.30417297573763929e-05, 2.85885980666130812e-04),
  new Body(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
           0.00296460137564761618, 0.00237847173959480950, -2.96589568540237556e-05, 4.36624404335156298e-05),
  new Body(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
           0.00268067772490389322, 0.00162824170038242295, -9.51592254519715870e-05, 5.15138902046611451e-05),
];

function offsetMomentum() {
  const sun = bodies[0];
  for (const b of bodies.slice(1)) {
    sun.vx -= b.vx * b.mass / SOLAR_MASS;
    sun.vy -= b.vy * b.mass / SOLAR_MASS;
    sun.vz -= b.vz * b.mass / SOLAR_MASS;
  }
}

function energy() {
  let total = 0;
  for (let i = 0; i < bodies.length; i++) {
    const a = bodies[i];
    total += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
    for (let j = i + 1; j < bodies.length; j++) {
      const b = bodies[j];
      const dx = a.x - b.x, dy = a.y - b.y, dz = a.z - b.z;
      total -= a.mass * b.mass / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return total;
}

function advance(dt) {
  const count = bodies.length;
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < count; i++) {
      const a = bodies[i];
      for (let j = i + 1; j < count; j++) {
        const b = bodies[j];
        const dx = a.x - b.x, dy = a.y - b.y, dz = a.z - b.z;
        const squared = dx * dx + dy * dy + dz * dz;
        const pull = dt / (squared * Math.sqrt(squared));
        a.vx -= dx * b.mass * pull;
        a.vy -= dy * b.mass * pull;
        a.vz -= dz * b.mass * pull;
        b.vx += dx * a.mass * pull;
        b.vy += dy * a.mass * pull;
        b.vz += dz * a.mass * pull;
      }
    }
    for (const b of bodies) {
      b.x += dt * b.vx;
      b.y += dt * b.vy;
      b.z += dt * b.vz;
    }
  }
}

offsetMomentum();
const start = performance.now();
advance(0.01);
console.log("TIME nbody", (performance.now() - start) / 1000, steps);
console.log("CHECK " + energy().toFixed(9));
