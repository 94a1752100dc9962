// Counts the o200k tokens of each text of a JSON list on standard input.
const { getEncoding } = require('js-tiktoken');
const encoding = getEncoding('o200k_base');
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(texts.map((text) => encoding.encode(text, [], []).length)));
