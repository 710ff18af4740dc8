// SD-JWT by npm's @sd-jwt/core. verify: a presentation on stdin, the issuer's JWK x in argv; prints the claims.
// issue: makes an SD-JWT with key binding, prints {presentation, x}. Exit 77 where the package is absent.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [dir, what, x, nonce] = process.argv.slice(2);
const entry = `${dir}/node_modules/@sd-jwt/core/dist/index.mjs`;
if (!existsSync(entry)) process.exit(77);
const { SDJwtInstance } = await import(pathToFileURL(entry));
class Instance extends SDJwtInstance {
  type = 'dc+sd-jwt';
}
const hasher = (data, alg) => createHash(alg.replace('-', '')).update(Buffer.from(data)).digest();
const check = (jwk) => async (data, sig) =>
  verify(null, Buffer.from(data), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(sig, 'base64url'));
const saltGenerator = (n) => randomBytes(n).toString('base64url');

if (what === 'verify') {
  const sd = new Instance({
    hasher, hashAlg: 'sha-256', saltGenerator, signAlg: 'EdDSA', kbSignAlg: 'EdDSA',
    verifier: check({ kty: 'OKP', crv: 'Ed25519', x }),
    kbVerifier: async (data, sig, payload) => check(payload.cnf.jwk)(data, sig),
  });
  const { payload, kb } = await sd.verify(readFileSync(0, 'utf8').trim(), { keyBindingNonce: nonce });
  console.log(JSON.stringify({ payload, kb: kb.payload }));
} else {
  const issuer = generateKeyPairSync('ed25519'), holder = generateKeyPairSync('ed25519');
  const signer = (key) => async (data) => sign(null, Buffer.from(data), key).toString('base64url');
  const sd = new Instance({
    hasher, hashAlg: 'sha-256', saltGenerator, signAlg: 'EdDSA', kbSignAlg: 'EdDSA',
    signer: signer(issuer.privateKey), kbSigner: signer(holder.privateKey),
    verifier: async () => true,
  });
  const { kty, crv, x: hx } = holder.publicKey.export({ format: 'jwk' });
  const claims = { iss: 'urn:test', iat: 1700000000, vct: 'v', cnf: { jwk: { kty, crv, x: hx } }, name: 'Хатуна', age: 30,
    list: ['a', 'b', 'c'], nested: { one: 1, two: 2 } };
  const token = await sd.issue(claims, { _sd: ['name', 'age', 'nested'], list: { _sd: [0, 2] }, nested: { _sd: ['one', 'two'] } });
  const shown = await sd.present(token, { name: true, list: { 2: true }, nested: { one: true } },
    { kb: { payload: { iat: 1700000001, aud: 'them', nonce: 'n-1' } } });
  console.log(JSON.stringify({ presentation: shown, x: issuer.publicKey.export({ format: 'jwk' }).x }));
}
