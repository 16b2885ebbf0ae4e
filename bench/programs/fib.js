// Calls: the naive Fibonacci function.
const scale = Number(process.argv[2] || 1);
const rounds = Math.max(1, Math.floor(4 * scale));

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

const start = performance.now();
let total = 0;
for (let i = 0; i < rounds; i++) total += fib(27);
console.log("TIME fib", (performance.now() - start) / 1000, rounds);
console.log("CHECK", total);
