// Maps: insert, look up, count and delete, with int and with string keys.
const scale = Number(process.argv[2] || 1);
const n = Math.max(10, Math.floor(300000 * scale));

function intKeys() {
  const table = new Map();
  for (let i = 0; i < n; i++) table.set(i * 7919 % 1000003, i);
  let found = 0;
  for (let i = 0; i < 2 * n; i++) if (table.has(i)) found += table.get(i) & 7;
  return table.size + found;
}

function stringKeys() {
  const words = [];
  for (let i = 0; i < n; i++) words.push(`key${i % Math.floor(n / 2)}`);
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) || 0) + 1);
  let total = 0;
  for (const word of words) total += counts.get(word);
  return counts.size + total;
}

function churn() {
  const table = new Map();
  for (let i = 0; i < n; i++) {
    table.set(i, i);
    if (i >= 1000) table.delete(i - 1000);
  }
  return table.size;
}

const checks = [];
for (const [name, run] of [["dict-int", intKeys], ["dict-str", stringKeys], ["dict-churn", churn]]) {
  const start = performance.now();
  checks.push(run());
  console.log("TIME", name, (performance.now() - start) / 1000, n);
}
console.log("CHECK", checks.join(" "));
