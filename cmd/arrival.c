#include "cmd/arrival.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/unseal.h"
#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/date.h"
#include "formats/policy.h"
#include "vault/confined.h"
#include "vault/known.h"

/* Three processes take a package in: one opens what it is sealed with, and has the key; one parses it, and
 * has nothing (vault/confined.h); and this one hears from that what it found, and puts beside it what this
 * user remembers. */

#define PIECE_BYTES 65536
#define WHAT N_("the package")

/* What the one that parses tells, in this order. */
enum frame {
    FED = 1,    /* all of it was read, as far as it came */
    FOUND,      /* u8 check, u8 status, why */
    PRINT,      /* the vault's fingerprint */
    OTHER_PAGE, /* nothing */
    TEXT,       /* of the manifest */
    MANIFEST,   /* JSON */
    CLAIMS,     /* JSON, of the next record */
    AUTHOR,     /* JSON */
    PLACE,      /* JSON */
    SDJWT,      /* text, of the next record; if it was asked for */
    PROOF       /* text */
};

/* ---- whoever parses ---- */

struct parsing {
    bool texts;
    struct cv_package_reader *reader;
    const struct cv_package *package;
    struct cv_package_verdict verdict;
};

/* feed(p, c): what comes through, until it ends or is none. */
static cv_status feed(struct parsing *p, struct cv_channel *c, struct cv_err *err)
{
    static uint8_t piece[PIECE_BYTES];
    struct cv_err bad = { 0 };
    cv_status st = CV_OK;
    while (st == CV_OK) {
        const ssize_t k = read(CV_CONFINED_KEPT, piece, sizeof(piece));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return cv_fail_errno(err, "%s: cannot read", _(WHAT));
        if (k == 0)
            break;
        st = cv_package_read(p->reader, CV_BYTES(piece, (size_t)k), &bad);
    }
    cv_wipe(piece, sizeof(piece));
    if (st == CV_OK)
        return cv_channel_put(c, FED, (struct cv_bytes){ 0 });
    if (st == CV_ERR_NOMEM || st == CV_ERR_INTERNAL)
        return st;
    cv_package_found(&p->verdict, CV_CHECK_CONTAINER, CV_ERR_AUTH, bad.msg);
    return CV_OK;
}

static cv_status judge_parsed(struct parsing *p)
{
    struct cv_package_verdict *v = &p->verdict;
    struct cv_json *files = NULL;
    struct cv_err whole = { 0 };
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    if (v->checks[CV_CHECK_CONTAINER].done)
        return CV_OK;
    cv_status st = cv_package_end(p->reader, &p->package, &files, &whole);
    if (st == CV_ERR_NOMEM)
        return st;
    cv_package_found(v, CV_CHECK_CONTAINER, st == CV_OK ? CV_OK : CV_ERR_AUTH, whole.msg);
    st = st == CV_OK ? cv_package_judge(p->package, files, (int64_t)time(NULL), today, v) : CV_OK;
    cv_json_free(files);
    return st;
}

static cv_status put_json(struct cv_channel *c, enum frame kind, const struct cv_json *v)
{
    struct cv_buf text = { 0 };
    cv_status st = v != NULL ? cv_json_write(v, &text) : CV_OK;
    if (v != NULL)
        st = CV_THEN(st, cv_channel_put(c, (uint8_t)kind, cv_buf_view(&text)));
    cv_buf_free(&text);
    return st;
}

static cv_status put_list(struct cv_channel *c, enum frame kind, const struct cv_json *list)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
        st = put_json(c, kind, cv_json_at(list, i));
    return st;
}

static cv_status put_texts(struct cv_channel *c, enum frame kind, const struct cv_json *list)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
        st = cv_channel_put(c, (uint8_t)kind, cv_json_text(cv_json_at(list, i)));
    return st;
}

static cv_status put_checks(struct cv_channel *c, const struct cv_package_verdict *v)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < CV_CHECK_COUNT && st == CV_OK; i++) {
        const struct cv_finding *f = &v->checks[i];
        uint8_t frame[2 + sizeof(f->why)] = { (uint8_t)i, (uint8_t)f->status };
        memcpy(frame + 2, f->why, strlen(f->why));
        if (f->done)
            st = cv_channel_put(c, FOUND, CV_BYTES(frame, 2 + strlen(f->why)));
    }
    return st;
}

static cv_status put_all(struct cv_channel *c, const struct parsing *p)
{
    const struct cv_package_verdict *v = &p->verdict;
    cv_status st = put_checks(c, v);
    st = CV_THEN(st, cv_channel_put(c, PRINT, cv_bytes_str(v->fingerprint)));
    if (v->other_page)
        st = CV_THEN(st, cv_channel_put(c, OTHER_PAGE, (struct cv_bytes){ 0 }));
    if (p->package == NULL)
        return st;
    st = CV_THEN(st, cv_channel_put(c, TEXT, cv_buf_view(&p->package->manifest)));
    st = CV_THEN(st, put_json(c, MANIFEST, v->manifest));
    st = CV_THEN(st, put_list(c, CLAIMS, v->claims));
    st = CV_THEN(st, put_list(c, AUTHOR, v->authors));
    st = CV_THEN(st, put_list(c, PLACE, v->places));
    if (p->texts) {
        st = CV_THEN(st, put_texts(c, SDJWT, p->package->sdjwts));
        st = CV_THEN(st, put_texts(c, PROOF, p->package->proofs));
    }
    return st;
}

/* parse(arg, c, err): all of that process. */
static cv_status parse(void *arg, struct cv_channel *c, struct cv_err *err)
{
    struct parsing *p = arg;
    cv_status st = cv_package_reader_new(&p->reader);
    st = CV_THEN(st, feed(p, c, err));
    st = CV_THEN(st, judge_parsed(p));
    st = CV_THEN(st, put_all(c, p));
    /* This process ends, and is not to leave a word of it in its memory. */
    cv_package_verdict_free(&p->verdict);
    cv_package_reader_free(p->reader);
    return cv_err_note(err, st, WHAT);
}

/* ---- whoever hears of it ---- */

/* take_json(bytes, into): its one form. */
static cv_status take_json(struct cv_bytes bytes, struct cv_json **out, struct cv_err *err)
{
    cv_json_free(*out);
    return cv_json_parse(bytes, CV_FRAME_MAX, WHAT, out, err);
}

static cv_status take_into(struct cv_json **list, struct cv_bytes bytes, struct cv_err *err)
{
    struct cv_json *one = NULL;
    if (*list == NULL && (*list = cv_json_array()) == NULL)
        return CV_ERR_NOMEM;
    cv_status st = take_json(bytes, &one, err);
    return CV_THEN(st, cv_json_push(*list, one));
}

static cv_status take_found(struct cv_package_verdict *v, struct cv_bytes b)
{
    char why[sizeof(v->checks[0].why)] = "";
    if (b.n < 2 || b.n - 2 >= sizeof(why) || b.p[0] >= CV_CHECK_COUNT || b.p[1] > CV_ERR_CONSENT)
        return CV_ERR_FORMAT;
    memcpy(why, b.p + 2, b.n - 2);
    cv_package_found(v, (enum cv_package_check)b.p[0], (cv_status)b.p[1], why);
    return CV_OK;
}

static cv_status take_print(struct cv_package_verdict *v, struct cv_bytes b)
{
    if (b.n >= sizeof(v->fingerprint) || memchr(b.p, '\0', b.n) != NULL)
        return CV_ERR_FORMAT;
    memcpy(v->fingerprint, b.p, b.n);
    v->fingerprint[b.n] = '\0';
    return CV_OK;
}

static cv_status take(struct cv_arrival *a, uint8_t kind, struct cv_bytes b, struct cv_err *err)
{
    struct cv_package_verdict *v = &a->verdict;
    switch (kind) {
    case FED:
        a->fed = true;
        return CV_OK;
    case FOUND:
        return take_found(v, b);
    case PRINT:
        return take_print(v, b);
    case OTHER_PAGE:
        v->other_page = true;
        return CV_OK;
    case TEXT:
        a->whole = true;
        return cv_buf_append(&a->package.manifest, b);
    case MANIFEST:
        return take_json(b, &v->manifest, err);
    case CLAIMS:
        return take_into(&v->claims, b, err);
    case AUTHOR:
        return take_into(&v->authors, b, err);
    case PLACE:
        return take_into(&v->places, b, err);
    case SDJWT:
        return cv_json_push(a->package.sdjwts, cv_json_strn(b));
    case PROOF:
        return cv_json_push(a->package.proofs, cv_json_strn(b));
    default:
        return CV_ERR_FORMAT;
    }
}

/* hear(a, c): all that it tells. */
static cv_status hear(struct cv_arrival *a, struct cv_confined *c, struct cv_err *err)
{
    struct cv_bytes bytes;
    uint8_t kind = 0;
    cv_status st = cv_package_new(&a->package);
    while (st == CV_OK && (st = cv_confined_get(c, &kind, &bytes)) == CV_OK)
        st = take(a, kind, bytes, err);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* ---- checks that need more than the package ---- */

static bool holds(const struct cv_package_verdict *v, enum cv_package_check check)
{
    return v->checks[check].done && v->checks[check].status == CV_OK;
}

/* check_sender(ui, sender, v): confirmed now, or before. */
static cv_status check_sender(struct cv_ui *ui, const char *sender, struct cv_package_verdict *v)
{
    const char *vault = cv_json_get_str(v->manifest, "vault");
    char why[CV_ERR_BYTES];
    bool known = false;
    if (!holds(v, CV_CHECK_POLICIES) || !holds(v, CV_CHECK_MANIFEST))
        return CV_OK; /* nobody is named by what does not verify */
    /* Who is known from now on is who it says it comes from, by our own counting. */
    if (vault == NULL || strlen(vault) != CV_VAULT_HEX_BYTES - 1 ||
        strspn(vault, "0123456789abcdef") != CV_VAULT_HEX_BYTES - 1)
        return CV_ERR_INTERNAL;
    cv_vault_fingerprint(vault, v->fingerprint);
    if (sender != NULL) {
        const bool same = strcmp(sender, v->fingerprint) == 0;
        snprintf(why, sizeof(why), _("it comes from the vault %s, not from the one you named"),
                 v->fingerprint);
        cv_package_found(v, CV_CHECK_SENDER, same ? CV_OK : CV_ERR_AUTH, why);
        return same ? cv_known_sender_add(vault, &ui->err) : CV_OK;
    }
    cv_status st = cv_known_sender(vault, &known, &ui->err);
    snprintf(why, sizeof(why),
             _("you do not know the vault %s yet: have its fingerprint read out, and add "
               "--sender-key"),
             v->fingerprint);
    cv_package_found(v, CV_CHECK_SENDER, known ? CV_OK : CV_ERR_DENIED, why);
    return st;
}

static void check_recipient(const struct cv_unsealing *u, struct cv_package_verdict *v)
{
    const char *to = cv_json_get_str(cv_json_get(v->manifest, "partner"), "recipient");
    if (to == NULL || u->recipient[0] == '\0')
        return;
    cv_package_found(v, CV_CHECK_RECIPIENT, strcmp(to, u->recipient) == 0 ? CV_OK : CV_ERR_AUTH,
                     "it was made for another recipient than the one who opened it");
}

/* bad(v): the worst that was found: altered, else unknown, else over. */
static cv_status bad(const struct cv_package_verdict *v)
{
    cv_status worst = CV_OK;
    for (size_t i = 0; i < CV_CHECK_COUNT; i++) {
        const cv_status st = v->checks[i].done ? v->checks[i].status : CV_OK;
        if (st == CV_ERR_AUTH || (st != CV_OK && worst == CV_OK) ||
            (st == CV_ERR_DENIED && worst == CV_ERR_LIMIT))
            worst = st;
    }
    return worst;
}

/* check_twin(ui, p, v): only a package that holds is remembered. */
static cv_status check_twin(struct cv_ui *ui, const struct cv_package *p, struct cv_package_verdict *v)
{
    uint8_t hash[32];
    char hex[65];
    struct cv_err twin = { 0 };
    if (bad(v) != CV_OK)
        return CV_OK;
    cv_status st = cv_sha256(cv_buf_view(&p->manifest), hash);
    cv_hex_encode(CV_ARR(hash), hex);
    st = CV_THEN(st, cv_known_package(cv_json_get_str(v->manifest, "vault"),
                                      cv_json_get_str(v->manifest, "id"), hex, &twin));
    if (st == CV_OK || st == CV_ERR_AUTH) {
        cv_package_found(v, CV_CHECK_TWIN, st, twin.msg);
        return CV_OK;
    }
    return cv_fail(&ui->err, st, "%s", twin.msg);
}

/* ---- the whole ---- */

cv_status cv_arrival_worst(const struct cv_arrival *a)
{
    return bad(&a->verdict);
}

/* first_fault(v, st): for the one line of the error. */
static enum cv_package_check first_fault(const struct cv_package_verdict *v, cv_status st)
{
    for (size_t i = 0; i < CV_CHECK_COUNT; i++)
        if (v->checks[i].done && v->checks[i].status == st)
            return (enum cv_package_check)i;
    return CV_CHECK_CONTAINER;
}

cv_status cv_arrival_judge(struct cv_ui *ui, const char *path, const struct cv_arrival *a)
{
    const cv_status st = bad(&a->verdict);
    if (st == CV_OK)
        return CV_OK;
    const enum cv_package_check check = first_fault(&a->verdict, st);
    const char *why = a->verdict.checks[check].why;
    if (ui->json)
        return cv_fail(&ui->err, st, "%.100s: %s: %s", path, cv_package_check_name(check), why);
    if (st == CV_ERR_DENIED) {
        ui->hint = N_("the sender reads it out to you on the telephone, from `casevault status`");
        return cv_fail(&ui->err, st, "%.100s: %s", path, _(why));
    }
    return cv_fail(&ui->err, st, "%.100s: it does not hold that %s: %s", path,
                   _(cv_package_check_says(check)), _(why));
}

/* judge(ui, sender, u, a): what the package itself does not tell. */
static cv_status judge(struct cv_ui *ui, const char *sender, const struct cv_unsealing *u,
                       struct cv_arrival *a)
{
    struct cv_package_verdict *v = &a->verdict;
    if (!v->checks[CV_CHECK_CONTAINER].done)
        return CV_ERR_INTERNAL;
    if (v->checks[CV_CHECK_CONTAINER].status != CV_OK)
        return CV_OK;
    if (!a->whole)
        return CV_ERR_INTERNAL;
    check_recipient(u, v);
    cv_status st = check_sender(ui, sender, v);
    st = CV_THEN(st, check_twin(ui, &a->package, v));
    /* What was not looked at does not hold. */
    for (size_t i = 0; st == CV_OK && bad(v) == CV_OK && i < CV_CHECK_COUNT; i++)
        if (!v->checks[i].done && i != CV_CHECK_RECIPIENT)
            st = cv_fail(&ui->err, CV_ERR_INTERNAL,
                         "the package: whoever reads it left out what it was to look at (%s)",
                         cv_package_check_name((enum cv_package_check)i));
    return st;
}

cv_status cv_arrival_open(struct cv_ui *ui, const char *path, const char *sender, bool texts,
                          struct cv_arrival *out)
{
    struct cv_unsealing u;
    struct cv_confined c;
    struct parsing p = { .texts = texts };
    struct cv_err why = { 0 };
    *out = (struct cv_arrival){ 0 };
    cv_status st = cv_unseal_start(ui, path, &u);
    if (st != CV_OK)
        return st;
    const struct cv_confined_work work = { .work = parse, .arg = &p, .keep = u.plain };
    st = cv_confined_start(&work, &c, &why);
    if (u.plain >= 0)
        close(u.plain); /* so that whoever opens it learns that nobody reads any more */
    u.plain = -1;
    st = CV_THEN(st, hear(out, &c, &why));
    st = cv_confined_end(&c, path, st, &why);
    const cv_status opened = cv_unseal_end(ui, &u);
    if (st == CV_OK && opened != CV_OK && out->fed)
        return opened;
    ui->err = why; /* of what was given up half-way: the container is to blame, or whoever read it */
    ui->wrong_passphrase = false;
    st = CV_THEN(st, judge(ui, sender, &u, out));
    return cv_err_note(&ui->err, st, "package");
}

void cv_arrival_free(struct cv_arrival *a)
{
    cv_package_verdict_free(&a->verdict);
    cv_package_free(&a->package);
    *a = (struct cv_arrival){ 0 };
}
