// Objects: method calls, attribute changes, inheritance and properties.
const scale = Number(process.argv[2] || 1);
const n = Math.max(10, Math.floor(600000 * scale));

class Counter {
  constructor(step) { this.step = step; this.value = 0; }
  increment() { this.value += this.step; }
  read() { return this.value; }
}

class Limited extends Counter {
  constructor(step, limit) { super(step); this.limit = limit; }
  increment() {
    if (this.value + this.step > this.limit) this.value = 0;
    super.increment();
  }
}

class Toggle extends Counter {
  increment() { this.value = 1 - this.value; }
  get on() { return this.value === 1; }
}

function monomorphic() {
  const counter = new Counter(3);
  for (let i = 0; i < n; i++) counter.increment();
  return counter.read();
}

function polymorphic() {
  const things = [new Counter(1), new Limited(2, 1000), new Toggle(0)];
  let total = 0;
  for (let i = 0; i < n; i++) {
    const thing = things[i % 3];
    thing.increment();
    total += thing.read();
  }
  return total;
}

function allocate() {
  let total = 0;
  for (let i = 0; i < n; i++) total += new Counter(i).step;
  return total;
}

function useProperty() {
  const toggle = new Toggle(0);
  let count = 0;
  for (let i = 0; i < n; i++) {
    toggle.increment();
    if (toggle.on) count++;
  }
  return count;
}

const checks = [];
for (const [name, run] of [
  ["method-call", monomorphic], ["method-poly", polymorphic], ["object-new", allocate], ["property", useProperty],
]) {
  const start = performance.now();
  checks.push(run());
  console.log("TIME", name, (performance.now() - start) / 1000, n);
}
console.log("CHECK", checks.join(" "));
