'use strict';
/* The page of a package (docs/PACKAGE.md). It checks what it holds, and shows only what verifies. It asks the network for
 * nothing, and builds what it shows from text alone. First the checks, then, from "What is shown" on, the view. */

/* ---- Words (docs/LANGUAGES.md) ---- */

/* Of words.js, which script/languages makes of po/: LANGUAGES, language -> which of its plural forms a number takes, and WORDS,
 * English -> language -> what it says there (of a text with a number: all its forms). */

let language = 'en';

/* In this language, or undefined. */
const inLanguage = (text, l = language) => Object.hasOwn(WORDS, text) ? WORDS[text][l] : undefined;
const _ = text => inLanguage(text) ?? text;
const n_ = (one, many, n) => inLanguage(one)?.[LANGUAGES[language](n)] ?? (n === 1 ? one : many);

/* Marks a text that is translated where it is shown. */
const N_ = text => text;

/* A text, its {names} replaced: pieces, some of which may be elements. What is put in is not looked into. */
const fill = (text, parts) => text.split(/\{([a-z]+)\}/).map((piece, i) => i % 2 === 0 ? piece : parts[piece]);

/* What is put into words only where it is shown, since the reader may choose another language. Its parts are text, or such. */
const said = (text, parts = {}) => ({ text, parts });

function told(what) {
  if (typeof what === 'string') return what;
  const parts = Object.entries(what.parts).map(([name, part]) => [name, told(part)]);
  return fill(_(what.text), Object.fromEntries(parts)).join('');
}

/* ---- Bytes ---- */

/* What does not verify, with a reason a reader can understand. */
class Refused extends Error {
  constructor(text, parts) {
    super(text);
    this.reason = said(text, parts);
  }
}

function need(ok, why, parts) {
  if (!ok) throw new Refused(why, parts);
}

const toBytes = text => new TextEncoder().encode(text);

function toText(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused('it holds what is not UTF-8');
  }
}

function join(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');
const isHash = v => typeof v === 'string' && /^[0-9a-f]{64}$/.test(v);
const fromHex = text => Uint8Array.from(text.match(/../g), pair => parseInt(pair, 16));

function base64(bytes) {
  let raw = '';
  for (let i = 0; i < bytes.length; i += 8192) raw += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(raw);
}

const base64url = bytes => base64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

/* Only the one form: no white space, no stray bits, padding as it must be. */
function unbase64(text, encode = base64) {
  need(typeof text === 'string', 'a value is missing');
  let bytes = null;
  try {
    const raw = atob(encode === base64 ? text : text.replace(/-/g, '+').replace(/_/g, '/'));
    bytes = Uint8Array.from(raw, c => c.charCodeAt(0));
  } catch { /* refused below */ }
  need(bytes !== null && encode(bytes) === text, 'a value is not well-formed base64');
  return bytes;
}

const unbase64url = text => unbase64(text, base64url);
const sha256 = async bytes => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);

const imported = new Map();

async function ed25519(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64) return false;
  const name = hex(key);
  if (!imported.has(name)) imported.set(name, crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']));
  try {
    return await crypto.subtle.verify({ name: 'Ed25519' }, await imported.get(name), signature, message);
  } catch {
    return false;
  }
}

/* Whether this browser can check at all: RFC 8032, 7.1, test 2, and the same altered. */
async function able() {
  const key = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
  const signature = fromHex('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
    '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00');
  try {
    return await ed25519(key, signature, Uint8Array.of(0x72)) && !await ed25519(key, signature, Uint8Array.of(0x73));
  } catch {
    return false;
  }
}

/* ---- JSON, strict: no name twice, no fraction, no NUL, no half of a character, at most 16 levels ---- */

function parseJson(text, what) {
  let at = 0;
  const refuse = why => { throw new Refused('{what}: not JSON as it must be ({why})', { what: said(what), why: said(why) }); };

  function space() {
    while (at < text.length && ' \n\r\t'.includes(text[at])) at++;
  }

  function string() {
    const start = at++;
    for (; text[at] !== '"'; at++) {
      if (at >= text.length || text[at] < ' ') refuse('a string');
      if (text[at] === '\\') at++;
    }
    let value = null;
    try {
      value = JSON.parse(text.slice(start, ++at));
    } catch { /* refused below */ }
    if (value === null || !value.isWellFormed() || value.includes('\0')) refuse('a string');
    return value;
  }

  function number() {
    const digits = /-?(?:0|[1-9][0-9]{0,18})(?![0-9.eE])/y;
    digits.lastIndex = at;
    const found = digits.exec(text);
    if (found === null) refuse('a value');
    at += found[0].length;
    return Number.isSafeInteger(Number(found[0])) ? Number(found[0]) : BigInt(found[0]);
  }

  function list(close, item) {
    at++;
    space();
    if (text[at] === close) return at++;
    for (;;) {
      space();
      item();
      space();
      const c = text[at++];
      if (c === close) return at;
      if (c !== ',') refuse('a list');
    }
  }

  function value(depth) {
    if (depth > 16) refuse('nested too deep');
    if (text[at] === '"') return string();
    if (text[at] === '[') {
      const out = [];
      list(']', () => out.push(value(depth + 1)));
      return out;
    }
    if (text[at] === '{') {
      const out = Object.create(null);
      list('}', () => {
        if (text[at] !== '"') refuse('a name');
        const name = string();
        if (name in out) refuse('a name stands twice');
        space();
        if (text[at++] !== ':') refuse('a name');
        space();
        out[name] = value(depth + 1);
      });
      return out;
    }
    for (const [word, meaning] of [['true', true], ['false', false], ['null', null]])
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    return number();
  }

  space();
  const out = value(1);
  space();
  if (at !== text.length) refuse('something follows it');
  return out;
}

const isObject = v => typeof v === 'object' && v !== null && !Array.isArray(v);
const isText = v => typeof v === 'string';
const isCount = (v, least = 0) => Number.isSafeInteger(v) && v >= least;

/* Exactly these members, in this order. */
function members(value, names, what) {
  need(isObject(value) && same(Object.keys(value), names), '{what}: not the members that it must have', { what: said(what) });
  return value;
}

/* ---- Signed notes and statements (docs/FORMAT.md, 3 and 5) ---- */

function parseNote(note) {
  need(isText(note), 'a signed note is missing');
  const cut = note.lastIndexOf('\n\n');
  const text = note.slice(0, cut + 1);
  need(cut > 0 && note.endsWith('\n') && !/[\x00-\x09\x0b-\x1f]/.test(text), 'it is not a signed note');
  const lines = note.slice(cut + 2, -1).split('\n');
  need(lines.length <= 100, 'it has too many signatures');
  const signatures = lines.map(line => {
    const parts = /^\u2014 ([^\s+\x00-\x1f\x7f]+) (\S+)$/.exec(line);
    need(parts !== null, 'a signature line is not well formed');
    const raw = unbase64(parts[2]);
    need(raw.length > 4, 'a signature line is not well formed');
    return { name: parts[1], id: raw.subarray(0, 4), signature: raw.subarray(4) };
  });
  return { text, signatures };
}

/* 'good', 'none', or 'bad': a line in this name that does not verify. */
async function signed(note, name, key) {
  const id = (await sha256(join(toBytes(name + '\n'), Uint8Array.of(1), key))).subarray(0, 4);
  const lines = note.signatures.filter(s => s.name === name && same(s.id, id));
  for (const line of lines) if (!await ed25519(key, line.signature, toBytes(note.text))) return 'bad';
  return lines.length > 0 ? 'good' : 'none';
}

/* The JSON text of a statement. */
function statement(note, kind, vault) {
  const head = `casevault ${kind} v1\n${vault}\n`;
  need(note.text.startsWith(head), 'it is a statement of another kind, or for another vault');
  const json = note.text.slice(head.length, -1);
  need(!json.includes('\n'), 'it is not a statement of three lines');
  return json;
}

const memberKeyName = (vault, pseudonym) => `casevault/${vault}/member/${pseudonym}`;

/* ---- Members and policies (docs/FORMAT.md, 4 and 5) ---- */

async function parseMember(line) {
  const prefix = 'casevault-member-1:';
  need(isText(line) && line.startsWith(prefix), 'a member line is not one');
  const raw = unbase64url(line.slice(prefix.length));
  const body = raw.subarray(0, -64);
  const fields = [];
  let at = 3;
  while (at + 2 <= body.length) {
    const end = at + 2 + body[at] * 256 + body[at + 1];
    fields.push(body.subarray(at + 2, end));
    at = end;
  }
  need(raw.length > 67 && at === body.length && fields.length === 3 && fields[0].length === 32 && fields[1].length === 32 &&
    /^age1[02-9ac-hj-np-z]{58}$/.test(toText(fields[2])) && body[0] === 0 && body[1] === 1 && body[2] <= 1,
    'a member line is not well formed');
  need(await ed25519(fields[0], raw.subarray(-64), join(toBytes('casevault member v1\n'), body)),
    'a member line does not bear its own signature');
  return { line, pseudonym: 'm' + hex(await sha256(body)).slice(0, 8), key: fields[0], training: body[2] === 1 };
}

const POLICY = ['number', 'previous', 'training', 'suite', 'quorum', 'erase', 'package_quorum', 'witnesses', 'reason_required',
  'template', 'roles', 'sections', 'log', 'export', 'recovery', 'members'];

/* A witness's verifier key: its name, and the key in hex. */
async function readWitness(vkey) {
  const parts = isText(vkey) ? /^([!-*,-~]{1,255})\+([0-9a-f]{8})\+(.+)$/.exec(vkey) : null;
  const raw = parts ? unbase64(parts[3]) : [];
  need(raw.length === 33 && raw[0] === 4 && hex(await sha256(join(toBytes(parts[1] + '\n'), raw))).startsWith(parts[2]),
    'the key of a witness is not well formed');
  return [parts[1], hex(raw.subarray(1))];
}

/* What stands in one policy, without regard to any other. */
async function readPolicy(p, knownMembers) {
  const count = (v, least) => need(isCount(v, least) && v <= 0x7fffffff, 'a number is not in its range');
  const key = v => need(unbase64url(v).length === 32, 'a key is not 32 bytes');
  const name = v => need(isText(v) && /^[a-z0-9_]{1,32}$/.test(v), 'a name is not well formed');
  const once = list => need(new Set(list.map(o => o.name)).size === list.length, 'a name stands twice');
  const size = (list, least, most) =>
    need(Array.isArray(list) && list.length >= least && list.length <= most, 'a list is not as long as it may be');
  members(p, POLICY, 'the policy');
  count(p.number, 1);
  count(p.quorum, 1);
  count(p.package_quorum, 0);
  members(p.witnesses, ['quorum', 'keys'], 'its list of witnesses');
  count(p.witnesses.quorum, 0);
  size(p.witnesses.keys, p.witnesses.quorum, 16);
  const witnesses = await Promise.all(p.witnesses.keys.map(readWitness));
  need([0, 1].every(i => new Set(witnesses.map(w => w[i])).size === witnesses.length), 'a witness stands twice');
  need(p.suite === 1, 'it asks for a newer casevault');
  need(typeof p.training === 'boolean' && typeof p.reason_required === 'boolean', 'a value is neither true nor false');
  need(isHash(p.template), 'the digest of its template is not one');

  size(p.roles, 1, 64);
  for (const r of p.roles) {
    members(r, ['name', 'epoch', 'suite', 'key'], 'a role');
    name(r.name);
    count(r.epoch, 1);
    need(r.suite === 1, 'it asks for a newer casevault');
    key(r.key);
  }
  once(p.roles);
  const roleNames = p.roles.map(r => r.name);
  const roleList = list => {
    need(Array.isArray(list), 'a list of roles is missing');
    const places = list.map(r => roleNames.indexOf(r));
    need(places.every((at, i) => at > (i > 0 ? places[i - 1] : -1)), 'a list of roles is not in order');
  };

  size(p.sections, 1, 64);
  for (const s of p.sections) {
    members(s, ['name', 'epoch', 'suite', 'key', 'readers', 'create', 'edit'], 'a section');
    name(s.name);
    count(s.epoch, 1);
    need(s.suite === 1, 'it asks for a newer casevault');
    key(s.key);
    [s.readers, s.create, s.edit].forEach(roleList);
  }
  once(p.sections);
  for (const s of [p.log, p.export]) {
    members(s, ['epoch', 'key', 'holders'], 'the log or export key');
    count(s.epoch, 1);
    key(s.key);
    roleList(s.holders);
  }
  members(p.erase, ['quorum', 'roles'], 'the rules for erasing');
  count(p.erase.quorum, 1);
  roleList(p.erase.roles);
  members(p.recovery, ['key', 'threshold', 'shares'], 'the rules for recovery');
  key(p.recovery.key);
  size(p.recovery.shares, 0, 32);
  count(p.recovery.threshold, 0);
  need(p.recovery.threshold <= p.recovery.shares.length, 'recovery asks for more shares than there are');
  for (const digest of p.recovery.shares) need(unbase64url(digest).length === 16, 'the digest of a share is not 16 bytes');

  size(p.members, 1, 2000);
  const byName = new Map();
  for (const m of p.members) {
    members(m, ['line', 'roles'], 'a member');
    roleList(m.roles);
    if (!knownMembers.has(m.line)) knownMembers.set(m.line, await parseMember(m.line));
    const known = knownMembers.get(m.line);
    need(known.training === p.training, 'a member is of training, and the vault is not, or the other way round');
    need(!byName.has(known.pseudonym), 'a member stands twice');
    byName.set(known.pseudonym, { ...known, roles: m.roles });
  }
  const custodians = [...byName.values()].filter(m => m.roles.includes('custodian'));
  need(roleNames.includes('custodian') && roleNames.includes('recovery') &&
      ['head', 'audit'].every(n => p.sections.some(s => s.name === n)),
    'a role or section that must be there is missing');
  need(![...byName.values()].some(m => m.roles.includes('recovery')), 'a member holds the role recovery');
  need(custodians.length >= p.quorum, 'it has fewer custodians than it asks signatures of');
  return { ...p, byName, custodians };
}

/* The rules from one policy to the next, whoever signed it. */
function follows(p, before) {
  const next = (a, b) => need(b.epoch === a.epoch ? b.key === a.key : b.epoch === a.epoch + 1 && b.key !== a.key,
    'a key does not follow the one before it');
  need(p.suite >= before.suite && p.training === before.training, 'it changes what the vault is for');
  for (const list of ['roles', 'sections'])
    p[list].forEach((now, i) => {
      const was = before[list][i];
      if (was === undefined) return need(now.epoch === 1, 'something new does not begin at epoch 1');
      need(now.name === was.name, 'a role or section is not in its place');
      next(was, now);
    });
  need(p.roles.length >= before.roles.length && p.sections.length >= before.sections.length, 'a role or section is gone');
  next(before.log, p.log);
  next(before.export, p.export);
  for (const [pseudonym, m] of p.byName)
    need(!before.byName.has(pseudonym) || before.byName.get(pseudonym).line === m.line,
      'the keys of {member} changed', { member: pseudonym });
}

async function parsePolicy(text, before, knownMembers) {
  const note = parseNote(text);
  const json = statement(note, 'policy', before ? before.vault : '-');
  const read = parseJson(json, 'the policy');
  const p = await readPolicy(read, knownMembers);
  need(JSON.stringify(read) === json, 'it is not written in its one form');
  p.hash = hex(await sha256(toBytes(note.text)));
  p.vault = before ? before.vault : p.hash;
  need(p.number === (before ? before.number + 1 : 1) && p.previous === (before ? before.hash : '-'),
      'it does not follow the one before it');
  if (before) follows(p, before);
  else need([p.log, p.export, ...p.roles, ...p.sections].every(o => o.epoch === 1), 'its keys do not begin at epoch 1');

  const judges = before || p;
  let good = 0;
  for (const m of judges.custodians) {
    const found = await signed(note, memberKeyName(p.vault, m.pseudonym), m.key);
    need(found !== 'bad', 'the signature of {member} does not verify', { member: m.pseudonym });
    if (found === 'good') good++;
  }
  need(good >= judges.quorum ||
    before && await signed(note, `casevault/${p.vault}/recovery`, unbase64url(before.recovery.key)) === 'good',
    'custodians who signed it: {signed}; it takes {needed}', { signed: String(good), needed: String(judges.quorum) });
  return p;
}

/* ---- The manifest ---- */

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U';

/* A record id or package id: 26 digits, and a check symbol that fits them. */
function isId(v) {
  if (!isText(v) || !/^[0-7][0-9A-HJKMNP-TV-Z]{25}[0-9A-HJKMNP-TV-Z*~$=U]$/.test(v)) return false;
  let rest = 0;
  for (const c of v.slice(0, -1)) rest = (rest * 32 + DIGITS.indexOf(c)) % 37;
  return DIGITS[rest] === v[26];
}

const isPseudonym = v => isText(v) && /^m[0-9a-f]{8}$/.test(v);
const isName = v => isText(v) && /^[a-z0-9_]{1,32}$/.test(v);

function isDay(v) {
  if (!isText(v) || !/^\d{4}-\d\d-\d\d$/.test(v)) return false;
  const t = new Date(v + 'T00:00:00Z');
  return !Number.isNaN(t.getTime()) && t.toISOString().startsWith(v);
}

const isFileName = v => isText(v) && v.length <= 100 && v.split('/').every(part => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(part));

function parseManifest(text) {
  need(isText(text) && text.indexOf('\n') === text.length - 1, 'it is not one line');
  const m = parseJson(text, 'the description');
  members(m, ['casevault', 'id', 'vault', 'training', 'time', 'by', 'partner', 'profile', 'purpose', 'case', 'expires', 'basis',
    'consents', 'approved_by', 'records', 'withheld', 'files', 'page'], 'the description');
  need(m.casevault === 'package v1', 'it is of another version');
  members(m.partner, ['name', 'record', 'recipient'], 'the partner');
  need(isId(m.id) && isHash(m.vault) && typeof m.training === 'boolean' && isHash(m.page) && isPseudonym(m.by) && isId(m.case) &&
    isText(m.partner.name) && m.partner.name !== '' && isId(m.partner.record) && isText(m.profile) && isText(m.purpose) &&
        isText(m.basis) &&
    /^(age1[02-9ac-hj-np-z]{58}|passphrase)$/.test(m.partner.recipient), 'a value in it is not well formed');
  need(isText(m.time) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(m.time) && isDay(m.time.slice(0, 10)) &&
    !Number.isNaN(Date.parse(m.time)) && isDay(m.expires), 'a date in it is none');
  for (const list of [m.consents, m.approved_by, m.records, m.withheld, m.files]) need(Array.isArray(list),
      'a list in it is missing');
  need(m.approved_by.every(isPseudonym), 'the list of approvals is not well formed');
  for (const c of m.consents) {
    members(c, ['person', 'record', 'version', 'sections'], 'a consent');
    need(isId(c.person) && isId(c.record) && isCount(c.version, 1) && Array.isArray(c.sections) && c.sections.every(isName),
        'a consent is not well formed');
  }
  for (const r of m.records) {
    members(r, ['record', 'version', 'type', 'sdjwt', 'proof'], 'a record');
    need(isId(r.record) && isCount(r.version, 1) && isName(r.type) && isFileName(r.sdjwt) && isFileName(r.proof),
        'a record is not well formed');
  }
  for (const w of m.withheld) {
    members(w, ['record', 'section', 'ground'], 'what was withheld');
    need(isId(w.record) && isName(w.section) && Object.hasOwn(GROUNDS, w.ground), 'what was withheld is not well formed');
  }
  for (const f of m.files) {
    members(f, ['name', 'bytes', 'sha256'], 'a file');
    need(isFileName(f.name) && isCount(f.bytes) && isHash(f.sha256), 'a file is not well formed');
  }
  return m;
}

async function checkManifest(data, manifest, policies) {
  const note = parseNote(data.signature);
  const json = statement(note, 'package', manifest.vault);
  const stated = members(parseJson(json, 'the signature'), ['manifest'], 'the signature');
  need(stated.manifest === hex(await sha256(toBytes(data.manifest))), 'what was signed is another description');
  const last = policies.at(-1);
  const by = last.byName.get(manifest.by);
  need(by !== undefined, 'who made the package was no member');
  need(await signed(note, memberKeyName(last.vault, by.pseudonym), by.key) === 'good',
      'the signature of who made the package does not verify');
  need(manifest.training === last.training, 'it says otherwise than the policies whether this is training');
  need(manifest.consents.length > 0 || manifest.basis !== '', 'it names neither a consent nor a legal basis');
}

/* What the page holds must be what `files` lists; gives the names of files that are not. */
async function checkFiles(data, manifest) {
  const held = [['template.json', data.template], ...data.policies.map((text, i) => [`policies/${i + 1}.txt`, text]),
    ...data.records.flatMap((r, i) => [[`records/${i + 1}.sd-jwt`, r.sdjwt], [`records/${i + 1}.tlog-proof`, r.proof]])];
  const listed = new Map(manifest.files.map(f => [f.name, f]));
  const names = manifest.files.map(f => f.name);
  const want = ['README.txt', 'template.json', 'redactions.csv', ...held.slice(1).map(([name]) => name)];
  need(listed.size === names.length && same(names.slice(0, want.length), want) &&
    names.slice(want.length).every((n, i) => n.startsWith(`attachments/${i + 1}-`) && !n.slice(12).includes('/')),
    'the list of files is not that of this package');
  need(manifest.records.every((r, i) => r.sdjwt === `records/${i + 1}.sd-jwt` && r.proof === `records/${i + 1}.tlog-proof`),
    'the list of records does not name the files of records');
  const bad = new Set();
  for (const [name, text] of held) {
    const bytes = toBytes(text), file = listed.get(name);
    if (bytes.length !== file.bytes || hex(await sha256(bytes)) !== file.sha256) bad.add(name);
  }
  return bad;
}

/* ---- Records (RFC 9901; docs/FORMAT.md, 9) ---- */

function parseJws(compact, typ) {
  const parts = compact.split('.');
  need(parts.length === 3, 'it is not a JWT');
  const header = parseJson(toText(unbase64url(parts[0])), 'its header');
  need(isObject(header) && Object.keys(header).every(n => ['alg', 'typ', 'kid'].includes(n)),
      'its header holds a name that is not known');
  need(header.alg === 'EdDSA' || header.alg === 'Ed25519', 'its header names another kind of signature');
  need(header.typ === typ, 'its header names another type');
  need(header.kid === undefined || isText(header.kid), 'its header is not well formed');
  const payload = parseJson(toText(unbase64url(parts[1])), 'its content');
  need(isObject(payload), 'its content is not an object');
  return { header, payload, input: toBytes(`${parts[0]}.${parts[1]}`), signature: unbase64url(parts[2]) };
}

const RESERVED = ['_sd', '...', '_sd_alg'];
const IN_THE_CLEAR = ['_sd', '_sd_alg', 'cnf', 'iat', 'iss', 'training', 'vct'];
const OF_THE_HEAD = ['carried', 'previous', 'record_id', 'record_type', 'version'];

async function parseDisclosures(list) {
  const given = new Map();
  for (const text of list) {
    const digest = base64url(await sha256(toBytes(text)));
    const parts = parseJson(toText(unbase64url(text)), 'a disclosure');
    need(Array.isArray(parts) && (parts.length === 2 || parts.length === 3) && isText(parts[0]),
        'a disclosure is not well formed');
    need(parts.length === 2 || isText(parts[1]) && !RESERVED.includes(parts[1]), 'the name in a disclosure is reserved');
    need(!given.has(digest), 'a disclosure stands twice');
    given.set(digest, parts);
  }
  return given;
}

/* Section 7.1, step 3: digests give way to what was disclosed, and the rest goes. */
function disclose(payload, given) {
  const met = new Set(), used = new Set();

  function take(digest, parts) {
    need(isText(digest) && unbase64url(digest).length === 32, 'a digest is not one');
    need(!met.has(digest), 'a digest stands twice');
    met.add(digest);
    const found = given.get(digest);
    if (found === undefined) return null;
    need(found.length === parts, 'a disclosure stands where another kind belongs');
    used.add(digest);
    return found;
  }

  function object(value, depth) {
    const out = Object.create(null);
    for (const [name, inner] of Object.entries(value)) {
      if (name === '_sd' || depth === 0 && name === '_sd_alg') continue;
      need(!RESERVED.includes(name), 'a reserved name stands where it must not');
      out[name] = walk(inner, depth + 1);
    }
    if (!('_sd' in value)) return out;
    need(Array.isArray(value._sd), 'its digests are not a list');
    for (const digest of value._sd) {
      const found = take(digest, 3);
      if (found === null) continue;
      const [, name, inner] = found;
      need(!(name in out), 'a disclosure brings a name that is there already');
      if (depth === 0 && !OF_THE_HEAD.includes(name)) {
        need(isName(name) && !IN_THE_CLEAR.includes(name), 'a disclosure brings a name that must not be disclosed');
        members(inner, ['_sd'], 'a section');
      }
      out[name] = walk(inner, depth + 1);
    }
    return out;
  }

  function array(value, depth) {
    const byElement = value.filter(item => isObject(item) && '...' in item).length;
    need(byElement === 0 || byElement === value.length, 'a list mixes what is hidden with what is not');
    const out = [];
    for (const item of value) {
      if (byElement === 0) {
        out.push(walk(item, depth + 1));
        continue;
      }
      need(Object.keys(item).length === 1, 'the digest of an element has company');
      const found = take(item['...'], 2);
      if (found !== null) out.push(walk(found[1], depth + 1));
    }
    return out;
  }

  function walk(value, depth) {
    need(depth <= 24, 'it is nested too deep');
    if (Array.isArray(value)) return array(value, depth);
    return isObject(value) ? object(value, depth) : value;
  }

  const claims = walk(payload, 0);
  need(used.size === given.size, 'it holds something that was not signed');
  return claims;
}

/* A JWT, its disclosures and its claims, all of it checked but the key binding. */
async function checkRecord(text, entry, manifest, policies) {
  const [jwt, ...rest] = text.split('~');
  const disclosures = rest.slice(0, -1);
  need(rest.length > 0, 'it is not an SD-JWT');
  need(disclosures.length <= 10000 && text.length <= 16 << 20, 'it is too long');
  const { header, payload, input, signature } = parseJws(jwt, 'dc+sd-jwt');
  const authors = policies.map(p => p.byName.get(header.kid)).filter(m => m !== undefined);
  need(authors.length > 0, 'who signed it was no member');
  let good = false;
  for (const m of authors) good = good || await ed25519(m.key, signature, input);
  need(good, 'its signature does not verify: it was altered, or is not by this member');
  need(Object.keys(payload).every(n => IN_THE_CLEAR.includes(n)), 'it says in the clear what must not stand there');
  need(payload._sd_alg === 'sha-256', 'its digests are of another kind');
  need(payload.iss === `urn:casevault:${manifest.vault}`, 'it is of another vault');
  need(payload.vct === 'urn:casevault:record:1', 'it is of another type');
  need(payload.training === (manifest.training ? true : undefined), 'it says otherwise than the package whether it is training');
  need(isCount(payload.iat) && payload.iat % 86400 === 0, 'its day is not one');

  const jwk = isObject(payload.cnf) && same(Object.keys(payload.cnf), ['jwk']) ? payload.cnf.jwk : null;
  need(isObject(jwk) && same(Object.keys(jwk).sort(), ['crv', 'kty', 'x']) && jwk.kty === 'OKP' && jwk.crv === 'Ed25519' &&
    policies.some(p => p.export.key === jwk.x), 'it is bound to a key that is not the mission\u2019s');

  const claims = disclose(payload, await parseDisclosures(disclosures));
  need(claims.record_id === entry.record && claims.record_type === entry.type && claims.version === entry.version,
    'it is another record, type or version than the description says');
  const sections = new Map(Object.entries(claims).filter(([name]) => !IN_THE_CLEAR.includes(name) &&
      !OF_THE_HEAD.includes(name)));
  return { jwt, exportKey: unbase64url(jwk.x), sections, carried: claims.carried, by: header.kid, day: payload.iat };
}

async function checkBinding(text, record, manifest) {
  const end = text.lastIndexOf('~') + 1;
  need(end < text.length, 'its key binding was taken away');
  const { payload, input, signature } = parseJws(text.slice(end), 'kb+jwt');
  need(same(Object.keys(payload).sort(), ['aud', 'iat', 'nonce', 'sd_hash']),
      'its key binding does not have the members it must have');
  need(await ed25519(record.exportKey, signature, input), 'its key binding is not signed by the mission\u2019s key');
  need(payload.sd_hash === base64url(await sha256(toBytes(text.slice(0, end)))), 'it was released with other contents');
  need(payload.aud === manifest.partner.name, 'it was released to another recipient');
  need(payload.nonce === manifest.id, 'it was released for another package');
  need(isCount(payload.iat) && payload.iat <= Date.now() / 1000 + 300,
      'it was released in the future, by the clock of this computer');
  return true;
}

/* ---- Proofs (c2sp.org/tlog-proof@v1, RFC 9162) ---- */

/* RFC 9162, 2.1.3.2. Indexes stay below 2^53: division, not shifts. */
async function included(index, size, leaf, path, root) {
  let fn = index, sn = size - 1, r = leaf;
  if (index >= size) return false;
  for (const p of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = await sha256(join(Uint8Array.of(1), p, r));
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else r = await sha256(join(Uint8Array.of(1), r, p));
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && same(r, root);
}

function parseCount(text) {
  need(/^(0|[1-9][0-9]{0,14})$/.test(text), 'a number in its proof is none');
  return Number(text);
}

function hash(text) {
  const bytes = unbase64(text);
  need(bytes.length === 32, 'a digest in its proof is not one');
  return bytes;
}

async function checkProof(text, record, vault, policies) {
  const cut = text.indexOf('\n\n');
  need(cut > 0, 'its proof is not one');
  const [title, extra, index, ...path] = text.slice(0, cut).split('\n');
  need(title === 'c2sp.org/tlog-proof@v1' && extra !== undefined && extra.startsWith('extra ') && index !== undefined &&
    index.startsWith('index ') && path.length <= 64, 'its proof is not one');
  const at = parseCount(index.slice(6));
  const leafText = unbase64(extra.slice(6));
  const leaf = /^casevault leaf v1\n([0-9a-f]{64})\n([0-9]+)\nrecord\n[0-9a-f]{64}\n([0-9a-f]{64})\n$/.exec(toText(leafText));
  need(leaf !== null, 'its entry in the log is not that of a record');
  need(leaf[1] === vault, 'its entry stands in another log');
  need(leaf[2] === String(at), 'its entry stands at another place in the log');
  need(leaf[3] === hex(await sha256(toBytes(record.jwt))), 'its entry in the log is of another record');

  const note = parseNote(text.slice(cut + 2));
  const lines = note.text.split('\n');
  need(lines.length === 4 && lines[0] === `casevault/${vault}`, 'the head of the log is not of this log');
  const size = parseCount(lines[1]);
  need(await included(at, size, await sha256(join(Uint8Array.of(0), leafText)), path.map(hash), hash(lines[2])),
    'it does not stand in the log at the place that is given');
  for (const p of policies) {
    if (await signed(note, `casevault/${vault}`, unbase64url(p.log.key)) !== 'good') continue;
    if (await signed(note, `casevault/${vault}/recovery`, unbase64url(p.recovery.key)) === 'good') return { index: at, size };
    for (const s of note.signatures) {
      const m = p.byName.get(s.name.slice(memberKeyName(vault, '').length));
      if (m !== undefined && await signed(note, memberKeyName(vault, m.pseudonym), m.key) === 'good') return { index: at, size };
    }
  }
  throw new Refused('the head of the log is not signed by the log and a member');
}

/* ---- All checks ---- */

const CHECKS = {
  container: N_('The file has its one form, and nothing else is in it'),
  policies: N_('The mission\u2019s policies follow one another, each signed by those who must'),
  sender: N_('The fingerprint is the one that the sender read out to you'),
  manifest: N_('The description of the package is signed by the member who made it'),
  files: N_('Records, template and policies are those that were described and signed'),
  page: N_('This page is the one that was described, and holds the package\u2019s own data'),
  recipient: N_('The package was sealed to you'),
  records: N_('Every record is signed by a member; nothing in it was changed or added'),
  binding: N_('Every record was released to this recipient, in this package'),
  proofs: N_('Every record stands in the mission\u2019s log'),
  expiry: N_('The last day of use is not over'),
  twin: N_('No other package bears this number'),
};
const ELSEWHERE = ['container', 'page', 'recipient', 'twin'];

const NO_TEMPLATE = { types: Object.create(null), sections: Object.create(null) };

class Report {
  constructor() {
    this.failed = new Map(); /* check -> reasons, see `said` */
    this.done = new Set();
    this.entries = [];
    this.manifest = null;
    this.fingerprint = '';
    this.template = NO_TEMPLATE;
  }

  fail(check, reason) {
    this.done.add(check);
    this.failed.set(check, [...this.failed.get(check) || [], reason]);
  }

  /* Run a check; whatever it throws is a check that failed. */
  async run(check, fn, place = null) {
    this.done.add(check);
    try {
      return await fn();
    } catch (e) {
      const reason = e instanceof Refused ? e.reason : said('it is not well formed');
      this.fail(check, place === null ? reason : said('{place}: {reason}', { place, reason }));
      return null;
    }
  }

  passed(check) {
    return this.done.has(check) && !this.failed.has(check);
  }

  /* 'pass', 'fail', 'you', 'elsewhere', or 'unknown': another check that failed stood in its way */
  state(check) {
    if (this.failed.has(check)) return 'fail';
    if (check === 'sender') return this.fingerprint === '' ? 'unknown' : 'you';
    if (ELSEWHERE.includes(check)) return 'elsewhere';
    return this.done.has(check) ? 'pass' : 'unknown';
  }

  get verified() {
    return Object.keys(CHECKS).every(c => ['pass', 'you', 'elsewhere'].includes(this.state(c)));
  }

  get onlyExpired() {
    return Object.keys(CHECKS).every(c => c === 'expiry' ? this.state(c) === 'fail' : ['pass', 'you',
        'elsewhere'].includes(this.state(c)));
  }
}

function parseData(text) {
  const data = members(parseJson(text, 'what this page holds'), ['manifest', 'signature', 'template', 'policies', 'records'],
    'what this page holds');
  need([data.manifest, data.signature, data.template].every(isText) && Array.isArray(data.policies) && data.policies.length > 0 &&
    data.policies.every(isText) && Array.isArray(data.records), 'what this page holds is not a package');
  for (const r of data.records) {
    members(r, ['sdjwt', 'proof'], 'a record');
    need(isText(r.sdjwt) && isText(r.proof), 'a record is missing');
  }
  return data;
}

/* The template that the last policy names (docs/TEMPLATE.md), as far as the page needs it: labels, order, what is a title. */
async function checkTemplate(text, last) {
  need(hex(await sha256(toBytes(text))) === last.template, 'template.json is not the template that the mission signed');
  const template = parseJson(text, 'the template');
  const labelled = o => isObject(o) && (o.label === undefined || isText(o.label));
  const fields = list => Array.isArray(list) && list.every(f => labelled(f) && isName(f.name) &&
    (f.fields === undefined || fields(f.fields)));
  const named = (o, inner) => isObject(o) && Object.entries(o).every(([name, v]) => isName(name) && inner(v));
  need(isObject(template) && named(template.sections, labelled) &&
    named(template.types, t => labelled(t) && named(t.sections, fields)), 'the template is not well formed');
  return template;
}

/* The items of one record are parts of what it is now: the newest one says in which versions its other sections stand. */
function checkCarried(versions) {
  const newest = versions.reduce((a, b) => b.version > a.version ? b : a), carried = newest.found.carried;
  const seen = new Set();
  need(isObject(carried), 'its newest version does not say which sections are older');
  need(versions.every(e => e.type === newest.type), 'versions of one record are of two types');
  need(new Set(versions.map(e => e.version)).size === versions.length, 'a version of it stands twice');
  for (const e of versions)
    for (const name of e.found.sections.keys()) {
      need(!seen.has(name), 'a section stands in two versions of one record');
      seen.add(name);
      need(e === newest ? carried[name] === undefined : carried[name] === e.version,
        'a section is not of the version that the record has now');
    }
  return true;
}

/* Attachments are files whose digests stand in the records. */
function checkAttachments(manifest, entries) {
  const named = new Set();
  const walk = v => {
    if (isHash(v)) named.add(v);
    else if (typeof v === 'object' && v !== null) Object.values(v).forEach(walk);
  };
  for (const e of entries) for (const section of e.found.sections.values()) walk(section);
  for (const f of manifest.files)
    if (f.name.startsWith('attachments/')) need(named.has(f.sha256), 'no record names the file {file}', { file: f.name });
}

async function checkEntry(report, data, i, bad, policies) {
  const manifest = report.manifest, entry = manifest.records[i], text = data.records[i];
  const place = said('record {number}', { number: String(i + 1) });
  const found = await report.run('records', () => checkRecord(text.sdjwt, entry, manifest, policies), place);
  if (found === null) return { ...entry, place, good: false };
  const bound = await report.run('binding', () => checkBinding(text.sdjwt, found, manifest), place);
  const proof = await report.run('proofs', () => checkProof(text.proof, found, manifest.vault, policies), place);
  return { ...entry, place, good: bound !== null && proof !== null && !bad.has(entry.sdjwt) && !bad.has(entry.proof), found,
      proof };
}

function groupByRecord(entries) {
  const groups = new Map();
  for (const e of entries) groups.set(e.record, [...groups.get(e.record) || [], e]);
  return groups;
}

async function verify(text) {
  const report = new Report();
  const data = await report.run('page', () => parseData(text));
  if (data === null) return report;
  const manifest = await report.run('manifest', () => parseManifest(data.manifest));
  if (manifest === null) return report;
  const policies = [];
  const knownMembers = new Map();
  for (const [i, policy] of data.policies.entries()) {
    const place = said('policy {number}', { number: String(i + 1) });
    const p = await report.run('policies', () => parsePolicy(policy, policies.at(-1) || null, knownMembers), place);
    if (p === null) return report;
    policies.push(p);
    if (i === 0 && p.vault !== manifest.vault) {
      report.fail('policies', said('the first policy is not of the vault that the package names'));
      return report;
    }
  }
  await report.run('manifest', () => checkManifest(data, manifest, policies));
  if (!report.passed('manifest')) return report;
  report.manifest = manifest;
  report.fingerprint = manifest.vault.slice(0, 20).match(/..../g).join('-');

  const bad = await report.run('files', () => {
    need(data.records.length === manifest.records.length, 'there are more or fewer records than were described');
    return checkFiles(data, manifest);
  });
  if (bad !== null) {
    for (const file of bad) report.fail('files', said('{file} is not the one that was described', { file }));
    if (!bad.has('template.json'))
      report.template = await report.run('files', () => checkTemplate(data.template, policies.at(-1))) || NO_TEMPLATE;
    for (const c of ['records', 'binding', 'proofs']) report.done.add(c);
    for (let i = 0; i < manifest.records.length; i++) report.entries.push(await checkEntry(report, data, i, bad, policies));
    for (const versions of groupByRecord(report.entries).values())
      if (versions.every(e => e.good) && await report.run('records', () => checkCarried(versions), versions[0].place) === null)
        versions.forEach(e => { e.good = false; });
    if (report.entries.every(e => e.good)) await report.run('files', () => checkAttachments(manifest, report.entries));
  }
  await report.run('expiry', () => need(new Date().toISOString().slice(0, 10) <= manifest.expires,
    '{day} was the last day of use', { day: manifest.expires }));
  return report;
}

/* ---- What is shown ---- */

const GROUNDS = {
  profile: N_('the profile does not carry it'),
  right: N_('the sender may not send it'),
  choice: N_('left out: the sender chose so'),
  named: N_('not named: statements go out only one by one'),
};

/* Dates by which a record takes its place in the chronology. */
const DATED = ['date', 'obtained', 'opened', 'closed', 'examined', 'from', 'incoming_referral_date'];

/* What the chronology says of it: the first words of these. */
const SAID_OF_IT = ['type', 'kind', 'description', 'comment', 'organisation', 'city', 'country'];

/* What could pass for the page's own order of words, or for nothing at all, is shown as a sign that something stood there. */
const clean = text => String(text)
  .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '\ufffd');

/* An element; its attributes are fixed names, its children text or elements. */
function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== undefined) e.setAttribute(name, value);
  for (const c of children.flat(Infinity)) if (c !== null && c !== undefined && c !== '') e.append(c);
  return e;
}

const code = text => el('code', null, text);
const id = text => el('code', { class: 'id' }, text);

/* Text from outside: cleaned, its direction its own. */
const foreign = (text, attributes) => el('bdi', attributes, clean(text));

/* As in the date "3 May 2024". (A browser does not know them in every language.) */
const MONTHS = [N_('January'), N_('February'), N_('March'), N_('April'), N_('May'), N_('June'), N_('July'), N_('August'),
  N_('September'), N_('October'), N_('November'), N_('December')];

/* The month is a word: in figures it could be taken for the day. */
function longDay(date) {
  const [year, month, day] = date.split('-').map(Number);
  return fill(_('{day} {month} {year}'), { day, month: _(MONTHS[month - 1]), year }).join('');
}

const dayOf = seconds => longDay(new Date(seconds * 1000).toISOString().slice(0, 10));
const isStatement = v => isObject(v) && isText(v.text);
const isEmpty = v => v === null || v === '' || Array.isArray(v) && v.length === 0;

/* The records as a person reads them: versions of one together, sections in the order of the template, every section and
 * every statement an item with a number that is the same in every copy. */
class Case {
  constructor(report) {
    this.report = report;
    this.manifest = report.manifest;
    this.template = report.template;
    this.records = [...groupByRecord(report.entries).entries()].map(([id, versions], i) => this.record(id, versions, i + 1));
    this.byId = new Map(this.records.map(r => [r.id, r]));
    this.complete = this.records.every(r => r.good);
    let number = 0;
    for (const r of this.records) for (const item of r.items) item.number = ++number;
  }

  record(id, versions, place) {
    const r = { id, versions, place, type: versions[0].type, good: versions.every(v => v.good), sections: new Map(), items: [],
        anchor: `record-${place}` };
    if (!r.good) return r;
    r.newest = versions.reduce((a, b) => b.version > a.version ? b : a);
    for (const v of versions) for (const [name, fields] of v.found.sections) r.sections.set(name, { fields, version: v });
    for (const name of this.order(r.type, [...r.sections.keys()])) r.items.push(...this.itemsOf(r, name));
    return r;
  }

  itemsOf(r, name) {
    const { fields, version } = r.sections.get(name);
    const statements = [], plain = [];
    for (const field of fieldOrder(this.fields(r.type, name), fields)) {
      const value = fields[field];
      if (Array.isArray(value) && value.length > 0 && value.every(isStatement))
        statements.push(...value.map(v => ({ field, value: v })));
      else if (!isEmpty(value)) plain.push(field);
    }
    const items = statements.map(s => ({ record: r, section: name, version, ...s }));
    return plain.length > 0 ? [{ record: r, section: name, version, plain, fields }, ...items] : items;
  }

  /* The fields of a section, as the template has them. */
  fields(type, section) {
    return this.template.types[type]?.sections[section] || [];
  }

  /* Known names in the order of the template, then the others in the order of their letters. */
  order(type, names) {
    return inOrder(Object.keys(this.template.types[type]?.sections || {}), names);
  }

  typeLabel(type) {
    return this.template.types[type]?.label || type;
  }

  sectionLabel(name) {
    return this.template.sections[name]?.label || name;
  }

  /* What a record is known by, or '': as the template has it, else by what it must say first, else by whose it is. */
  title(r, depth = 0) {
    const known = Object.entries(this.template.types[r.type]?.sections || {})
      .flatMap(([section, fields]) => fields.map(field => ({ section, field, value: r.sections.get(section)?.fields[field.name] })));
    const first = known.find(k => k.field.type === 'string' && k.field.required === true && k.field.multi !== true) ||
      known.find(k => k.field.identifier === true && k.field.multi !== true && k.field.type !== 'object');
    const second = first?.field.htcds === 'prs_FirstName' ?
      known.find(k => k.section === first.section && k.field.htcds === 'prs_SecondName') : undefined;
    const words = [first, second].map(k => k?.value).filter(v => isText(v) && v !== '').join(' ');
    if (words !== '' || first !== undefined || depth > 2) return words;
    const other = ({ field, value }) => field.type === 'ref' && value !== this.manifest.case ? this.byId.get(value) : undefined;
    const needed = known.find(k => k.field.required === true && (other(k) || k.field.type === 'choice' && isText(k.value))) ||
      known.find(other);
    if (needed === undefined) return '';
    return other(needed)?.good ? this.title(other(needed), depth + 1) : needed.field.type === 'choice' ? needed.value : '';
  }

  withheld(id) {
    return this.manifest.withheld.filter(w => w.record === id);
  }

  /* [date, item, label of the date, what], by date */
  chronology() {
    const rows = [];
    const add = (date, item, label, what) => {
      if (isText(date) && /^\d{4}(-\d\d(-\d\d)?)?(T.*)?$/.test(date)) rows.push({ date: date.slice(0, 10), item, label, what });
    };
    for (const item of this.records.flatMap(r => r.items)) {
      if (item.value !== undefined) add(item.value.date, item, _('Statement'), this.title(item.record));
      else
        for (const field of item.plain.filter(f => DATED.includes(f))) {
          const what = SAID_OF_IT.map(n => item.fields[n]).filter(isText);
          const label = this.typeLabel(item.record.type) + (field === 'date' ? '' : `: ${this.fieldLabel(item, field)}`);
          add(item.fields[field], item, label, shorten(what.length > 0 ? what.join(' \u00b7 ') : this.title(item.record)));
        }
    }
    return rows.sort((a, b) => a.date < b.date ? -1 : a.date > b.date ? 1 : a.item.number - b.item.number);
  }

  fieldLabel(item, field) {
    return this.fields(item.record.type, item.section).find(f => f.name === field)?.label || field;
  }
}

function inOrder(known, names) {
  const places = new Map(known.map((name, i) => [name, i]));
  const place = n => places.has(n) ? places.get(n) : Infinity;
  return [...names].sort((a, b) => place(a) !== place(b) ? place(a) - place(b) : a < b ? -1 : 1);
}

const fieldOrder = (known, fields) => inOrder(known.map(f => f.name), Object.keys(fields));

function shorten(text) {
  const words = clean(text).replace(/\s+/g, ' ');
  return words.length <= 140 ? words : `${words.slice(0, 140).replace(/ [^ ]*$/, '')} \u2026`;
}

/* ---- Values ---- */

/* `field`: what the template says of it, or nothing. */
function showValue(kase, value, field = {}) {
  if (value === true) return _('yes');
  if (value === false) return _('no');
  if (Array.isArray(value)) {
    const list = value.filter(v => !isEmpty(v)).map(v => el('li', null, showValue(kase, v, field)));
    return el('ul', { class: value.some(isObject) ? 'cards' : 'values' }, list);
  }
  if (isObject(value)) return showFields(kase, value, field.fields || [], fieldOrder(field.fields || [], value));
  if (!isText(value)) return el('bdi', null, String(value));
  const record = kase.byId.get(value);
  if (record !== undefined) return referTo(kase, record);
  if (isId(value) && field.type === 'ref') return referAway(kase, value);
  if (isHash(value)) return el('span', null, el('code', { class: 'digest' }, value), attachmentNote(kase, value));
  const long = value.length > 90 || value.includes('\n');
  if (long) return el('p', { class: 'text', dir: 'auto' }, clean(value));
  const meant = meaning(kase, value, field);
  return [foreign(value, { dir: 'auto' }), meant !== '' ? el('span', { class: 'aside' }, ` ${clean(meant)}`) : ''];
}

/* What a code stands for, beside it: a country's or language's name as the browser has it, in English if it has no other; a
 * section's label. */
function meaning(kase, value, field) {
  if (field.name === 'sections') {
    const label = kase.sectionLabel(value);
    return label.toLowerCase() === value ? '' : label;
  }
  const code = { country: 'region', language: 'language' }[field.type];
  if (code === undefined || !/^[A-Za-z]{2,3}$/.test(value)) return '';
  try {
    return new Intl.DisplayNames([language, 'en'], { type: code, fallback: 'none' }).of(value) || '';
  } catch {
    return '';
  }
}

/* A record that is not here; the recipient's own is known by name. */
function referAway(kase, value) {
  const { partner } = kase.manifest;
  return value === partner.record ? el('span', null, foreign(partner.name), ' ', id(value)) :
    el('span', null, id(value), el('span', { class: 'aside' }, ' ', _('Not in this package')));
}

function referTo(kase, record) {
  const title = record.good ? kase.title(record) : '';
  const words = [clean(kase.typeLabel(record.type)), title !== '' ? [' \u2014 ', foreign(title)] : ''];
  return el('span', null, el('a', { href: `#${record.anchor}` }, words), ' ', id(record.id));
}

function attachmentNote(kase, digest) {
  const file = kase.manifest.files.find(f => f.name.startsWith('attachments/') && f.sha256 === digest);
  const where = file !== undefined ? fill(_('In this package as {file}'), { file: file.name }) : _('Not in this package');
  return el('span', { class: 'aside' }, ' ', where);
}

/* `known`: these fields in the template. */
function showFields(kase, fields, known, names) {
  const rows = names.filter(n => !isEmpty(fields[n])).map(name => {
    const field = known.find(f => f.name === name);
    return el('div', { class: 'row' }, el('dt', null, clean(field?.label || name)),
      el('dd', null, showValue(kase, fields[name], field)));
  });
  return el('dl', { class: 'fields' }, rows);
}

/* ---- Items and records ---- */

function itemLink(kase, item) {
  return kase.complete ? el('a', { href: `#item-${item.number}` }, fill(_('item {number}'), item)) : '';
}

function showItem(kase, item) {
  const { record: r, section } = item;
  const known = kase.fields(r.type, section);
  const anchor = kase.complete ? `item-${item.number}` : undefined;
  const number = kase.complete ? el('a', { class: 'number', href: `#${anchor}` }, fill(_('Item {number}'), item)) : el('span', null);
  const body = item.value !== undefined ? showStatement(kase, item, known.find(f => f.name === item.field)?.fields || []) :
    [el('h4', null, clean(kase.sectionLabel(section))), showFields(kase, item.fields, known, item.plain)];
  const from = item.version === r.newest ? '' : el('p', { class: 'source' }, fill(
    _('Unchanged since version {version}, signed by {member} on {day}; log entry {entry} of {size}'), source(item.version)));
  return el('section', { class: 'item', id: anchor }, number, el('div', { class: 'body' }, body, from));
}

function showStatement(kase, item, known) {
  const { text, ...rest } = item.value;
  const language = /^[a-z]{2,3}$/.test(rest.language) ? rest.language : undefined;
  return [
    el('h4', null, isText(rest.date) ? fill(_('Statement of {date}'), { date: foreign(rest.date) }) : _('Statement')),
    el('blockquote', { class: 'statement', dir: 'auto', lang: language }, clean(text)),
    showFields(kase, rest, known, fieldOrder(known, rest)),
  ];
}

/* Where a version comes from. */
function source(v) {
  return { version: v.version, member: code(v.found.by), day: dayOf(v.found.day), entry: v.proof.index, size: v.proof.size };
}

/* One for a section, with each of its grounds. */
function showBar(label, withheld, partly) {
  if (withheld.length === 0) return '';
  const also = (one, other) => fill(_('{one}; also: {other}'), { one, other }).join('');
  return el('p', { class: 'bar' }, fill(partly ? _('{section}, the rest: withheld \u2014 {ground}') : _('{section}: withheld \u2014 {ground}'),
    { section: el('strong', null, clean(label)), ground: withheld.map(w => _(GROUNDS[w.ground])).reduce(also) }));
}

function showRecord(kase, r) {
  const title = r.good ? kase.title(r) : '';
  const from = r.good ? fill(_('Record {record}, version {version}, signed by {member} on {day}; log entry {entry} of {size}'),
    { record: id(r.id), ...source(r.newest) }) : fill(_('Record {record}'), { record: id(r.id) });
  const article = el('article', { class: 'record', id: r.anchor },
    el('h3', null, clean(kase.typeLabel(r.type)), title !== '' ? [' \u2014 ', foreign(title)] : ''),
    el('p', { class: 'source' }, from));
  if (!r.good) {
    article.append(el('p', { class: 'notshown' }, _('Not shown: this record does not verify.')));
    return article;
  }
  const withheld = kase.withheld(r.id);
  for (const name of kase.order(r.type, [...new Set([...r.sections.keys(), ...withheld.map(w => w.section)])])) {
    const items = r.items.filter(i => i.section === name), label = kase.sectionLabel(name);
    article.append(...items.map(i => showItem(kase, i)));
    article.append(showBar(label, withheld.filter(w => w.section === name), items.length > 0));
  }
  return article;
}

/* ---- The page ---- */

function banner(kind, sign, verdict, ...why) {
  return el('div', { class: `banner ${kind}`, role: 'status' },
    el('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
    el('div', null, el('p', { class: 'verdict' }, verdict), el('div', { class: 'why' }, why)));
}

function verdict(report) {
  const fingerprint = el('span', { class: 'fingerprint' }, report.fingerprint);
  if (report.verified)
    return banner('good', '\u2713', _('Verified'), fill(
      _('Everything shown here was signed by the mission, and not one letter was changed since \u2014 {condition}'),
      { condition: el('strong', null, _('if the sender reads this fingerprint out to you:')) }), fingerprint);
  if (report.onlyExpired)
    return banner('over', '!', _('Expired: not to be used any more'), fill(
      _('The last day of use was {day}. Nothing was altered, but the sender released it no longer: ask them. Their fingerprint:'),
      { day: longDay(report.manifest.expires) }), fingerprint);
  const reasons = [...report.failed].map(([check, list]) =>
    el('li', null, el('strong', null, check), `: ${clean(told(list[0]))}`,
      list.length > 1 ? [' ', fill(_('(and {number} more)'), { number: list.length - 1 })] : ''));
  return banner('bad', '\u2717', _('ALTERED: do not rely on this'),
    _('What this page holds is not what was signed. Tell the sender, and keep the file as it is.'), el('ul', null, reasons));
}

function facts(kase) {
  const m = kase.manifest, record = kase.byId.get(m.case);
  const rows = [
    [_('For'), foreign(m.partner.name)],
    [_('Purpose'), foreign(m.purpose)],
    [_('Package'), id(m.id)],
    [_('Case'), record !== undefined ? referTo(kase, record) : id(m.case)],
    [_('To be used until'), longDay(m.expires)],
    [_('Made on'), fill(_('{day}, {time} UTC, by {member}'),
      { day: longDay(m.time.slice(0, 10)), time: m.time.slice(11, 16), member: code(m.by) })],
    [_('Profile'), foreign(m.profile)],
    [_('Approved by'), m.approved_by.length === 0 ? '' : fill(_('{members} (the sender says so)'),
      { members: m.approved_by.map((a, i) => [i > 0 ? ', ' : '', code(a)]) })],
    [_('Vault'), fill(_('{vault}, fingerprint {fingerprint}'),
      { vault: el('code', { class: 'digest' }, m.vault), fingerprint: kase.report.fingerprint })],
  ].filter(([, value]) => value !== '');
  return el('dl', { class: 'facts' }, rows.map(([label, value]) =>
    el('div', { class: 'row' }, el('dt', null, label), el('dd', null, value))));
}

function showConsent(kase, c) {
  const person = kase.byId.get(c.person), record = kase.byId.get(c.record);
  const item = record?.good && record.versions.some(v => v.version === c.version) ? record.items[0] : undefined;
  const sections = c.sections.map(s => clean(kase.sectionLabel(s))).join(', ');
  return el('li', null, fill(sections === '' ? _('{person}: consent {consent}, version {version}') :
    _('{person}: consent {consent}, version {version}, needed for {sections}'), {
    person: person !== undefined ? referTo(kase, person) : fill(_('Person {person}'), { person: id(c.person) }),
    consent: id(c.record), version: c.version, sections,
  }), item === undefined ? [' ', _('(the consent itself is not in this package)')] :
    kase.complete ? [' (', itemLink(kase, item), ')'] : '');
}

/* On whose consent it was sent, or on which law. */
function grounds(kase) {
  const { basis, consents } = kase.manifest;
  const out = [];
  if (basis !== '')
    out.push(el('section', { class: 'basis' }, el('h2', null, _('LEGAL BASIS, where there is no consent')),
      el('p', { dir: 'auto', class: 'text' }, clean(basis))));
  if (consents.length > 0)
    out.push(el('section', { class: 'consents' }, el('h2', null, _('Consent it was sent on')),
      el('ul', null, consents.map(c => showConsent(kase, c)))));
  return out;
}

/* In short what docs/PACKAGE.md says to a lawyer. */
const PROVED = [
  N_('Every field was signed by the member of the mission who recorded it, on the day that is shown. Not one letter was ' +
    'changed since, and nothing was added: who made the package could only leave fields out.'),
  N_('The package was made for the recipient, for the purpose and under the number that stand above.'),
  N_('Each record stands in the log that the mission\u2019s keys signed, at the place that is shown. Days and times are what ' +
    'its clocks said.'),
  N_('What was left out is a black bar, with the ground. How much lies under a bar cannot be told.'),
  N_('On which consent of the person it was sent, or, where there was none, on which legal basis: as it says above.'),
];
const NOT_PROVED = [
  N_('That what a person said is true; that a record is complete, or its latest version.'),
  N_('Who approved the package (the sender says so); that the sender is still a member of the mission.'),
  N_('That nobody who holds the mission\u2019s keys made up a log for you: that needs an independent witness\u2019s signature.'),
  N_('That this copy of the page is the true page, if you did not unseal the package yourself. Certainty about the whole file ' +
    'comes from the free program: {command}.'),
];

function proved() {
  const line = text => el('li', null, fill(_(text), { command: code('casevault verify PACKAGE') }));
  const column = (title, list) => el('div', null, el('h2', null, title), el('ul', null, list.map(line)));
  return el('section', { class: 'proved' }, column(_('What is proved'), PROVED), column(_('What is not proved'), NOT_PROVED));
}

const STATES = {
  pass: ['\u2713', N_('holds')],
  fail: ['\u2717', N_('FAILED')],
  you: ['?', N_('for you to compare')],
  elsewhere: ['\u2013', N_('not checked by the page; casevault verify does')],
  unknown: ['\u2013', N_('could not be checked')],
};

function checkList(report) {
  const rows = Object.entries(CHECKS).map(([name, what]) => {
    const state = report.state(name), [sign, word] = STATES[state];
    const reasons = (report.failed.get(name) || []).map(r => el('p', { class: 'reason' }, clean(told(r))));
    return el('li', { class: `check ${state}`, 'data-check': name, 'data-state': state },
      el('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
      el('div', null, el('strong', null, name), `: ${_(what)} \u2014 `, el('em', null, _(word)),
        state === 'you' ? [': ', code(report.fingerprint)] : '', reasons));
  });
  const details = el('details', { class: 'checks', id: 'checks' },
    el('summary', null, el('h2', null, _('All checks'))), el('ul', null, rows));
  details.open = !report.verified;
  return details;
}

function chronologyTable(kase) {
  const head = [_('Date'), _('What'), _('Item')].map(t => el('th', { scope: 'col' }, t));
  const rows = kase.chronology().map(r => el('tr', null,
    el('td', { class: 'date' }, foreign(r.date)),
    el('td', null, el('span', { class: 'label' }, clean(r.label)), ' ', foreign(r.what)),
    el('td', { class: 'where' }, itemLink(kase, r.item))));
  return el('table', { class: 'chronology' }, el('thead', null, el('tr', null, head)), el('tbody', null, rows));
}

/* Bars of records that are not here at all. */
function absentRecords(kase, absent) {
  return [...new Set(absent.map(w => w.record))].map(record => el('article', { class: 'record' },
    el('p', { class: 'source' }, fill(_('Record {record}'), { record: id(record) })),
    absent.filter(w => w.record === record).map(w => showBar(kase.sectionLabel(w.section), [w], false))));
}

const PLURALS = {
  case: N_('The case'), person: N_('Persons'), testimony: N_('Testimony'), evidence: N_('Evidence'), event: N_('Events'), consent: N_('Consents'),
};

const ofRecords = n => fill(n_('{number} record', '{number} records', n), { number: n });
const ofDates = n => fill(n_('{number} date', '{number} dates', n), { number: n });

/* Types in the order in which records are cited, so that item numbers run on; the chronology after the persons. */
function chapters(kase) {
  const out = [];
  const add = (anchor, title, content, count) => {
    if (content.length > 0) out.push({ id: anchor, title, content, count });
  };
  const ofType = type => {
    const records = kase.records.filter(r => r.type === type);
    const title = Object.hasOwn(PLURALS, type) ? _(PLURALS[type]) : kase.typeLabel(type);
    add(`type-${type}`, title, records.map(r => showRecord(kase, r)), ofRecords(records.length));
  };
  const types = new Set(['case', 'person', ...kase.records.map(r => r.type)]);
  for (const type of types) {
    ofType(type);
    if (type !== 'person') continue;
    const dates = kase.chronology().length;
    add('chronology', _('Chronology'), dates > 0 ? [chronologyTable(kase)] : [], ofDates(dates));
  }
  const absent = absentRecords(kase, kase.manifest.withheld.filter(w => !kase.byId.has(w.record)));
  add('absent', _('Records that are not here'), absent, ofRecords(absent.length));
  return out;
}

function contents(list) {
  const links = list.map(c => el('li', null, el('a', { href: `#${c.id}` }, clean(c.title)), ' ', c.count));
  return el('nav', { class: 'contents', 'aria-label': _('Contents') },
    el('ul', null, links, el('li', null, el('a', { href: '#checks' }, _('All checks')))));
}

/* What stands at the top of every printed page: in the margin, where the browser can. */
let headRule = null;

function runningHead(text) {
  if (!globalThis.CSSMarginRule) {
    document.getElementById('running').replaceChildren(el('p', null, text));
    return;
  }
  const escaped = Array.from(text, c => /[A-Za-z0-9]/.test(c) ? c : `\\${c.codePointAt(0).toString(16)} `).join('');
  const [sheet] = document.styleSheets;
  if (headRule !== null) sheet.deleteRule(headRule);
  headRule = sheet.insertRule(`@page { @top-left { content: "${escaped}"; } }`, sheet.cssRules.length);
}

function show(report) {
  const main = document.getElementById('main'), m = report.manifest;
  main.replaceChildren();
  if (m === null) {
    document.title = _('Package that does not verify');
    main.append(verdict(report), el('h1', null, _('Package')),
      el('p', null, _('Nothing is shown: who made it cannot be established.')), checkList(report));
    return;
  }
  const kase = new Case(report);
  const sound = report.verified || report.onlyExpired;
  const named = { package: m.id, partner: clean(m.partner.name) };
  document.title = fill(_('Package {package} for {partner}'), named).join('');
  runningHead([m.training ? _('TRAINING, not a real case.') : '',
    !sound ? _('ALTERED, do not rely on this.') : report.onlyExpired ? _('EXPIRED.') : '',
    fill(_('Confidential. For {partner}. Package {package}'), named).join('')].filter(text => text !== '').join(' '));
  if (m.training)
    main.append(el('p', { class: 'training' }, el('strong', null, _('TRAINING')), ' ',
      _('Made in a training vault: nobody in it is real.')));
  main.append(el('header', null, el('p', { class: 'kicker' }, _('Confidential case package')),
    el('h1', null, fill(_('Package for {partner}'), { partner: foreign(m.partner.name) }))), verdict(report), facts(kase),
  ...grounds(kase));
  if (sound) main.append(proved());
  main.append(el('p', { class: 'cite' }, kase.complete ?
    fill(_('To cite: \u201cpackage {package}, item 12\u201d. Item numbers are the same in every copy.'), { package: id(m.id) }) :
    _('Items have no numbers here, because some records are not shown.')));
  const list = chapters(kase);
  main.append(contents(list), el('div', { id: 'case', tabindex: '-1' }, list.map(c =>
    el('section', { class: 'chapter', id: c.id }, el('h2', null, clean(c.title)), c.content))), checkList(report));
}

function showUnable() {
  document.title = _('Package, not checked: this browser cannot');
  document.getElementById('main').replaceChildren(
    banner('unable', '?', _('Not checked: this browser cannot'),
      _('It lacks what it takes to check signatures (Ed25519). So this page can say neither that the package is sound nor that ' +
        'it was changed, and shows nothing of it.')),
    el('h1', null, _('What to do')), el('ul', null,
      el('li', null, _('Open this file in a newer browser: Chrome or Edge from version 137, Firefox from 129, Safari from 17.')),
      el('li', null, fill(_('Or check the package with the free program: {command}. It needs neither a vault nor a key other ' +
        'than yours.'), { command: code('casevault verify PACKAGE') }))));
}

/* ---- The language ---- */

/* The first of the reader's languages that the page speaks. */
function spoken(wanted) {
  const plain = wanted.map(tag => tag.toLowerCase().split('-')[0]);
  return plain.find(l => l === 'en' || Object.hasOwn(LANGUAGES, l)) || 'en';
}

/* A button for each language, by its own name. */
function offerLanguages(choose) {
  const buttons = ['en', ...Object.keys(LANGUAGES)].map(l => {
    const button = el('button', { type: 'button', lang: l }, inLanguage(N_('English'), l) ?? 'English');
    button.addEventListener('click', () => choose(l));
    return button;
  });
  document.getElementById('languages').replaceChildren(...buttons);
}

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  const skip = document.querySelector('.skip');
  skip.textContent = _('Skip to the case');
  skip.hidden = false;
  const nav = document.getElementById('languages');
  nav.setAttribute('aria-label', _('Language'));
  for (const button of nav.children) button.setAttribute('aria-pressed', String(button.lang === chosen));
}

/* ---- All of it ---- */

/* Whatever goes wrong here is no proof of anything: it is shown as altered. */
async function start() {
  const root = document.documentElement;
  const broken = new Report();
  broken.fail('page', said('this page could not show what it holds'));
  let report = null; /* stays so where this browser cannot check */

  function present(chosen) {
    try {
      speak(chosen);
      if (report === null) showUnable();
      else show(report);
    } catch {
      report = broken;
      show(report);
    }
    root.dataset.failed = report === null ? '' : [...report.failed.keys()].join(' ');
    root.dataset.result = report === null ? 'unable' : report.verified ? 'verified' : 'altered';
  }

  try {
    if (globalThis.crypto?.subtle && await able()) report = await verify(document.getElementById('package').textContent);
  } catch {
    report = broken;
  }
  addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));
  offerLanguages(present);
  present(spoken(navigator.languages ?? []));
}

start();
