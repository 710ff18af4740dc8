// Usage: node age_testkit.mjs PACKAGE-DIR OUT-DIR
// Unpack the vectors of the npm package cctv-age, one file each, inflating those that are compressed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateSync } from 'node:zlib';

const [pkg, out] = process.argv.slice(2);
const vectors = await import(pathToFileURL(resolve(pkg, 'index.js')));
mkdirSync(out, { recursive: true });
for (const [name, bytes] of Object.entries(vectors)) {
    const file = Buffer.from(bytes);
    const end = file.indexOf('\n\n');
    const lines = file.toString('latin1', 0, end).split('\n');
    let body = file.subarray(end + 2);
    if (lines.includes('compressed: zlib'))
        body = inflateSync(body);
    const head = lines.filter((line) => line !== 'compressed: zlib').join('\n') + '\n\n';
    writeFileSync(resolve(out, name), Buffer.concat([Buffer.from(head, 'latin1'), body]));
}
