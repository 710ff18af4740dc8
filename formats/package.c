#include "formats/package.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/padme.h"
#include "formats/base64.h"
#include "formats/csv.h"
#include "formats/page.h"

cv_status cv_package_new(struct cv_package *p)
{
    memset(p, 0, sizeof(*p));
    p->policies = cv_json_array();
    p->sdjwts = cv_json_array();
    p->proofs = cv_json_array();
    return p->policies != NULL && p->sdjwts != NULL && p->proofs != NULL ? CV_OK : CV_ERR_NOMEM;
}

void cv_package_free(struct cv_package *p)
{
    cv_buf_free(&p->readme);
    cv_buf_free(&p->index);
    cv_buf_free(&p->manifest);
    cv_buf_free(&p->signature);
    cv_buf_free(&p->template);
    cv_buf_free(&p->redactions);
    cv_json_free(p->policies);
    cv_json_free(p->sdjwts);
    cv_json_free(p->proofs);
    memset(p, 0, sizeof(*p));
}

void cv_attachment_name(size_t number, const char *name, char out[static CV_ATTACHMENT_NAME_BYTES])
{
    size_t n = (size_t)snprintf(out, CV_ATTACHMENT_NAME_BYTES, "attachments/%zu-", number);
    for (; *name != '\0' && n + 1 < CV_ATTACHMENT_NAME_BYTES; name++) {
        const char c = *name;
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
            c == '_' || c == '-')
            out[n++] = c;
    }
    out[n] = '\0';
}

/* ---- texts for people ---- */

static const char readme[] =
    "A PACKAGE OF CASE RECORDS\r\n"
    "\r\n"
    "Confidential. For %s alone, for the purpose %s,\r\n"
    "until %s, and no longer. Package %s.\r\n"
    "%s"
    "\r\n"
    "Open index.html in a browser. It needs no network, shows the records, and checks them.\r\n"
    "\r\n"
    "WHO SENT IT. The sender's fingerprint must be the one that the sender reads out to you:\r\n"
    "    %s\r\n"
    "\r\n"
    "TO CHECK ALL OF IT, with the free program casevault, which needs no key but yours:\r\n"
    "    casevault verify --sender-key %s THE-FILE-YOU-RECEIVED\r\n"
    "\r\n"
    "TO CHECK IT BY HAND, with ordinary tools (docs/PACKAGE.md of casevault has every detail):\r\n"
    " 1. Unseal the file with age (age -d -o package.zip FILE), and unzip it.\r\n"
    " 2. The line of JSON in manifest.sig names the SHA-256 of manifest.json:\r\n"
    "    sha256sum manifest.json\r\n"
    "    The line beginning with a dash below it is the signature of the member who made the\r\n"
    "    package: Ed25519, over the three lines at the top of manifest.sig.\r\n"
    " 3. manifest.json lists every file with its SHA-256. Attachments are checked so:\r\n"
    "    sha256sum attachments/*\r\n"
    "    Their digests also stand in the records, signed on the day they were recorded.\r\n"
    " 4. Each records/N.sd-jwt is an SD-JWT with key binding (RFC 9901): any verifier of these\r\n"
    "    checks it; the key of its author (kid) stands in policies/.\r\n"
    " 5. Each records/N.tlog-proof proves that the record stood in the sender's log\r\n"
    "    (c2sp.org/tlog-proof).\r\n"
    " 6. The SHA-256 of the first three lines of policies/1.txt is the sender's vault; the\r\n"
    "    fingerprint is made of it. Each policy is signed by the custodians of the one before.\r\n"
    "\r\n"
    "What was left out, and on what ground, stands in redactions.csv.\r\n";

cv_status cv_package_readme(struct cv_package *p, const struct cv_json *manifest)
{
    char print[CV_FINGERPRINT_BYTES];
    const bool training = cv_json_get_bool(manifest, "training");
    cv_vault_fingerprint(cv_json_get_str(manifest, "vault"), print);
    return cv_buf_printf(&p->readme, readme, cv_json_get_str(cv_json_get(manifest, "partner"), "name"),
                         cv_json_get_str(manifest, "purpose"), cv_json_get_str(manifest, "expires"),
                         cv_json_get_str(manifest, "id"),
                         training ? "TRAINING: no real people are in it.\r\n" : "", print, print);
}

/* ground_text(ground): in plain words; the page says the same. */
static const char *ground_text(const char *ground)
{
    return strcmp(ground, "profile") == 0 ? "the profile does not carry it"
           : strcmp(ground, "right") == 0 ? "the sender may not send it"
           : strcmp(ground, "named") == 0 ? "statements go out only one by one, by name"
                                          : "left out by the sender";
}

cv_status cv_package_redactions(struct cv_package *p, const struct cv_json *manifest)
{
    const struct cv_json *list = cv_json_get(manifest, "withheld");
    cv_status st = cv_csv_cell("record", false, &p->redactions);
    st = CV_THEN(st, cv_csv_cell("section", false, &p->redactions));
    st = CV_THEN(st, cv_csv_cell("withheld because", true, &p->redactions));
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++) {
        const struct cv_json *o = cv_json_at(list, i);
        st = cv_csv_cell(cv_json_get_str(o, "record"), false, &p->redactions);
        st = CV_THEN(st, cv_csv_cell(cv_json_get_str(o, "section"), false, &p->redactions));
        st = CV_THEN(st, cv_csv_cell(ground_text(cv_json_get_str(o, "ground")), true, &p->redactions));
    }
    return st;
}

/* ---- files ---- */

/* Walks the files of a package in their order. */
typedef cv_status (*file_fn)(void *arg, const char *name, struct cv_bytes text);

static cv_status each_of(const struct cv_json *list, const char *dir, const char *end, size_t i, file_fn fn,
                         void *arg)
{
    char name[64];
    snprintf(name, sizeof(name), "%s/%zu.%s", dir, i + 1, end);
    return fn(arg, name, cv_json_text(cv_json_at(list, i)));
}

/* each_file(p, own, fn, arg): ${own}: also those that `files` does not list. */
static cv_status each_file(const struct cv_package *p, bool own, file_fn fn, void *arg)
{
    cv_status st = fn(arg, "README.txt", cv_buf_view(&p->readme));
    if (own) {
        st = CV_THEN(st, fn(arg, "index.html", cv_buf_view(&p->index)));
        st = CV_THEN(st, fn(arg, "manifest.json", cv_buf_view(&p->manifest)));
        st = CV_THEN(st, fn(arg, "manifest.sig", cv_buf_view(&p->signature)));
    }
    st = CV_THEN(st, fn(arg, "template.json", cv_buf_view(&p->template)));
    st = CV_THEN(st, fn(arg, "redactions.csv", cv_buf_view(&p->redactions)));
    for (size_t i = 0; i < cv_json_len(p->policies) && st == CV_OK; i++)
        st = each_of(p->policies, "policies", "txt", i, fn, arg);
    for (size_t i = 0; i < cv_json_len(p->sdjwts) && st == CV_OK; i++) {
        st = each_of(p->sdjwts, "records", "sd-jwt", i, fn, arg);
        st = CV_THEN(st, each_of(p->proofs, "records", "tlog-proof", i, fn, arg));
    }
    return st;
}

static cv_status list_file(struct cv_json *out, const char *name, uint64_t bytes,
                           const uint8_t sha256[static 32])
{
    char hex[65];
    struct cv_json *o = cv_json_object();
    cv_hex_encode(CV_BYTES(sha256, 32), hex);
    cv_status st = cv_json_set(o, "name", cv_json_str(name));
    st = CV_THEN(st, cv_json_set(o, "bytes", cv_json_int((int64_t)bytes)));
    st = CV_THEN(st, cv_json_set(o, "sha256", cv_json_str(hex)));
    st = CV_THEN(st, cv_json_push(out, cv_json_ref(o)));
    cv_json_free(o);
    return st;
}

static cv_status list_text(void *arg, const char *name, struct cv_bytes text)
{
    uint8_t hash[32];
    cv_status st = cv_sha256(text, hash);
    return CV_THEN(st, list_file(arg, name, text.n, hash));
}

cv_status cv_package_files(const struct cv_package *p, const struct cv_attachment *attachments, size_t count,
                           struct cv_json *out)
{
    cv_status st = each_file(p, false, list_text, out);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = list_file(out, attachments[i].name, attachments[i].bytes, attachments[i].sha256);
    return st;
}

/* ---- the page ---- */

cv_status cv_package_data(const struct cv_package *p, struct cv_buf *out)
{
    struct cv_json *o = cv_json_object(), *records = cv_json_array();
    struct cv_buf plain = { 0 };
    cv_status st = cv_json_set(o, "manifest", cv_json_strn(cv_buf_view(&p->manifest)));
    st = CV_THEN(st, cv_json_set(o, "signature", cv_json_strn(cv_buf_view(&p->signature))));
    st = CV_THEN(st, cv_json_set(o, "template", cv_json_strn(cv_buf_view(&p->template))));
    st = CV_THEN(st, cv_json_set(o, "policies", cv_json_ref(p->policies)));
    for (size_t i = 0; i < cv_json_len(p->sdjwts) && st == CV_OK; i++) {
        struct cv_json *r = cv_json_object();
        st = cv_json_set(r, "sdjwt", cv_json_ref(cv_json_at(p->sdjwts, i)));
        st = CV_THEN(st, cv_json_set(r, "proof", cv_json_ref(cv_json_at(p->proofs, i))));
        st = CV_THEN(st, cv_json_push(records, cv_json_ref(r)));
        cv_json_free(r);
    }
    st = CV_THEN(st, cv_json_set(o, "records", cv_json_ref(records)));
    st = CV_THEN(st, cv_json_write(o, &plain));
    st = CV_THEN(st, cv_page_data(cv_buf_view(&plain), out));
    cv_json_free(records);
    cv_json_free(o);
    cv_buf_free(&plain);
    return st;
}

cv_status cv_package_finish(struct cv_package *p)
{
    struct cv_buf data = { 0 };
    cv_status st = cv_package_data(p, &data);
    st = CV_THEN(st, cv_page_write(cv_buf_view(&data), &p->index));
    cv_buf_free(&data);
    return st;
}

/* ---- the zip ---- */

struct zipping {
    struct cv_zip *zip;
    struct cv_buf *out;
    struct cv_err *err;
};

static cv_status zip_text(void *arg, const char *name, struct cv_bytes text)
{
    const struct zipping *z = arg;
    return cv_zip_add(z->zip, name, text, z->out, z->err);
}

cv_status cv_package_zip(const struct cv_package *p, struct cv_zip *zip, struct cv_buf *out,
                         struct cv_err *err)
{
    struct zipping z = { zip, out, err };
    return cv_err_note(err, each_file(p, true, zip_text, &z), "package");
}

cv_status cv_package_close(struct cv_zip *zip, cv_put_fn put, void *arg, struct cv_err *err)
{
    static const char name[] = "padding";
    static const uint8_t zeros[65536];
    const uint64_t total = cv_zip_total(zip, name), bytes = cv_padme(total) - total;
    struct cv_buf part = { 0 };
    uint32_t crc = 0;
    for (uint64_t left = bytes, n; left > 0; left -= n) {
        n = left < sizeof(zeros) ? left : sizeof(zeros);
        crc = cv_zip_crc(crc, CV_BYTES(zeros, (size_t)n));
    }
    cv_status st = cv_zip_entry(zip, name, bytes, crc, &part, err);
    st = CV_THEN(st, put(arg, cv_buf_view(&part), err));
    for (uint64_t left = bytes, n; left > 0 && st == CV_OK; left -= n) {
        n = left < sizeof(zeros) ? left : sizeof(zeros);
        st = put(arg, CV_BYTES(zeros, (size_t)n), err);
    }
    cv_buf_truncate(&part, 0);
    st = CV_THEN(st, cv_zip_finish(zip, &part, err));
    st = CV_THEN(st, put(arg, cv_buf_view(&part), err));
    cv_buf_free(&part);
    return st;
}
