// Sorting: ints, floats, strings, with a key.
const scale = Number(process.argv[2] || 1);
const n = Math.max(10, Math.floor(200000 * scale));

let state = 42;
const ints = [];
for (let i = 0; i < n; i++) {
  state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n);
  ints.push(state);
}
const floats = ints.map((x) => x / 1024);
const strings = ints.map(String);

function measure(name, run) {
  const start = performance.now();
  run();
  console.log("TIME", name, (performance.now() - start) / 1000, n);
}

measure("sort-int", () => [...ints].sort((a, b) => a - b));
measure("sort-float", () => [...floats].sort((a, b) => a - b));
measure("sort-str", () => [...strings].sort());
measure("sort-key", () => [...ints].sort((a, b) => (a % 1000) - (b % 1000)));
