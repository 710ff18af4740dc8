// SD-JWT by npm's @sd-jwt/core. verify: a presentation on stdin, the issuer's JWK x in argv; prints the claims.
// issue: makes an SD-JWT with key binding, prints {presentation, x}. cases: the same for each of the package's own test
// cases, [{name, presentation, x, want}]. Exit 77 where the package is absent.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
  const plain = { iss: 'urn:test', iat: 1700000000, vct: 'v', cnf: { jwk: { kty, crv, x: hx } } };
  const made = async (claims, hidden, shown) => ({
    presentation: await sd.present(await sd.issue({ ...plain, ...claims }, hidden), shown,
      { kb: { payload: { iat: 1700000001, aud: 'them', nonce: 'n-1' } } }),
    x: issuer.publicKey.export({ format: 'jwk' }).x,
  });
  if (what === 'issue') {
    const claims = { name: 'Хатуна', age: 30, list: ['a', 'b', 'c'], nested: { one: 1, two: 2 } };
    console.log(JSON.stringify(await made(claims, { _sd: ['name', 'age', 'nested'], list: { _sd: [0, 2] }, nested: { _sd: ['one', 'two'] } },
      { name: true, list: { 2: true }, nested: { one: true } })));
  } else {
    const cases = [];
    const where = `${dir}/node_modules/@sd-jwt/core/test`;
    for (const name of readdirSync(where).filter((n) => n.endsWith('.json')).sort()) {
      const { claims, disclosureFrame, presentationFrames, presentedClaims } = JSON.parse(readFileSync(`${where}/${name}`, 'utf8'));
      cases.push({ name, want: presentedClaims, ...await made(claims, disclosureFrame, presentationFrames) });
    }
    console.log(JSON.stringify(cases));
  }
}
