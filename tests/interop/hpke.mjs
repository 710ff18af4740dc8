// HPKE against npm's @hpke/core: usage hpke.mjs NPM-DIR TOOL. Exit 77 where the package is absent.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [dir, tool] = process.argv.slice(2);
const entry = `${dir}/node_modules/@hpke/core/esm/mod.js`;
if (!existsSync(entry)) {
  console.log('@hpke/core is not there (script/npm-packages)');
  process.exit(77);
}
const { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, Aes256Gcm } = await import(pathToFileURL(entry));
const hex = (b) => Buffer.from(b).toString('hex');
const run = (...args) => execFileSync(tool, args).toString().split('\n')[0];
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
let count = 0;
for (const info of ['', 'casevault/1/hpke', 'x'.repeat(300)]) {
  for (const size of [1, 32, 4000]) {
    const keys = await suite.kem.generateKeyPair();
    const secret = hex(await suite.kem.serializePrivateKey(keys.privateKey));
    const pub = hex(await suite.kem.serializePublicKey(keys.publicKey));
    const plain = Buffer.alloc(size, 7);
    const bytes = new TextEncoder().encode(info).buffer;
    const sealed = await suite.seal({ recipientPublicKey: keys.publicKey, info: bytes }, plain.buffer.slice(plain.byteOffset, plain.byteOffset + size));
    if (run('hpke-open', secret, hex(bytes), hex(sealed.enc) + hex(sealed.ct)) !== hex(plain)) throw new Error('we cannot open theirs');
    const ours = Buffer.from(run('hpke-seal', pub, hex(bytes), hex(plain)), 'hex');
    const ab = (b) => b.buffer.slice(b.byteOffset, b.byteOffset + b.length);
    const opened = await suite.open({ recipientKey: keys.privateKey, enc: ab(ours.subarray(0, 32)), info: bytes }, ab(ours.subarray(32)));
    if (hex(opened) !== hex(plain)) throw new Error('they cannot open ours');
    count++;
  }
}
console.log(`${count} messages each way`);
