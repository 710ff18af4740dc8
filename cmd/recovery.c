#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "formats/qr.h"
#include "formats/report_put.h"
#include "vault/recovery.h"

/* recovery split / combine: the way back when all other keys are lost, cut up among people. */

#define SHARE_FILE_MAX 4096
#define PAGE "%s/share-%u.html"

struct split_args {
    uint64_t shares, threshold;
    const char *pages;
};
static const struct cv_opt split_opts[] = {
    { "shares", 'n', "N", "how many shares there will be", offsetof(struct split_args, shares),
      CV_OPT_NUMBER },
    { "threshold", 'k', "K", "how many of them are needed", offsetof(struct split_args, threshold),
      CV_OPT_NUMBER },
    { "pages", 'p', "DIR", "write each share as a page to print, share-1.html and so on, into this directory",
      offsetof(struct split_args, pages), CV_OPT_TEXT },
    { 0 },
};

/* page(s, text, fingerprint, count, training, out): one share as a self-contained page. */
static cv_status page(const struct cv_share *s, struct cv_bytes text, const char *fingerprint, unsigned count,
                      bool training, struct cv_buf *out)
{
    struct cv_report_out p = { .out = out, .st = CV_OK };
    PUTF(&p, "<!doctype html>\n<html lang=\"%s\"><meta charset=\"utf-8\"><title>", cv_words_language());
    cv_report_tellf(&p, "casevault recovery share %u", s->x);
    cv_report_put(
        &p, "</title>\n<style>body{font:16px/1.5 sans-serif;max-width:40em;margin:2em auto;padding:0 1em}"
            "code{font:600 20px/1.7 monospace;display:block;margin:1em 0}svg{width:16em;height:16em}"
            "dt{font-weight:bold}@media print{body{margin:0}}</style>\n");
    cv_report_put_training(&p, training);
    cv_report_put(&p, "<h1>");
    cv_report_tellf(&p, "casevault recovery share %u of %u", s->x, count);
    cv_report_put(&p, "</h1>\n<dl><dt>");
    cv_report_tell(&p, N_("Vault"));
    PUTF(&p, "</dt><dd>%s</dd><dt>", fingerprint);
    cv_report_tell(&p, N_("Needed to recover"));
    cv_report_put(&p, "</dt><dd>");
    cv_report_tell_n(&p, count, "%u of %u share, of split number %u", "%u of %u shares, of split number %u",
                     s->threshold, count, s->epoch);
    cv_report_put(&p, "</dd></dl>\n<code>");
    for (size_t i = 0; i < text.n; i += 30) { /* six groups a line, without the hyphen at its end */
        const size_t left = text.n - i, n = left < 29 ? left : 29;
        cv_report_put_bytes(&p, CV_BYTES(text.p + i, n));
        cv_report_put(&p, "<br>\n");
    }
    cv_report_put(&p, "</code>\n");
    p.st = CV_THEN(p.st, cv_qr_svg(text, out));
    cv_report_put(&p, "\n<p>");
    cv_report_tell(&p,
                   N_("Keep this page where only you reach it, apart from the other shares. Whoever brings "
                      "the number of shares named above together can read every record of the vault and "
                      "take it over; fewer tell nothing. When a share is lost, or its keeper leaves, ask "
                      "a custodian to split anew: then this page opens nothing that is written later."));
    cv_report_put(&p, "</p>\n</html>\n");
    return p.st;
}

static cv_status write_page(struct cv_ui *ui, const char *dir, const struct cv_share *s, struct cv_bytes text,
                            const char *fingerprint, unsigned count, bool training)
{
    char path[4096];
    struct cv_buf html = { 0 };
    if (snprintf(path, sizeof(path), PAGE, dir, s->x) >= (int)sizeof(path))
        return cv_fail(&ui->err, CV_ERR_LIMIT, "--pages: path too long");
    cv_status st = page(s, text, fingerprint, count, training, &html);
    st = CV_THEN(st, cv_ui_write_file(ui, path, cv_buf_view(&html)));
    cv_buf_free(&html);
    return st;
}

/* show(ui, s, text, count): on the terminal, with a code to photograph. */
static cv_status show(struct cv_ui *ui, const struct cv_share *s, struct cv_bytes text, unsigned count)
{
    struct cv_buf blocks = { 0 };
    cv_status st = ui->json ? CV_OK : cv_qr_blocks(text, &blocks);
    if (st == CV_OK && ui->json)
        printf("{\"share\":%u,\"of\":%u,\"text\":\"%.*s\"}\n", s->x, count, (int)text.n,
               (const char *)text.p);
    else if (st == CV_OK) {
        cv_print("Share %u of %u\n", s->x, count);
        for (size_t i = 0; i < text.n; i += 30)
            printf("    %.*s\n", (int)(text.n - i < 29 ? text.n - i : 29), (const char *)text.p + i);
        fwrite(blocks.p, 1, blocks.n, stdout);
        printf("\n");
    }
    cv_buf_free(&blocks);
    return st;
}

static cv_status give_out(struct cv_ui *ui, const struct cv_vault *v, const struct split_args *a,
                          const struct cv_share *shares)
{
    char print[CV_FINGERPRINT_BYTES];
    cv_status st = CV_OK;
    cv_vault_fingerprint(cv_vault_policy(v)->vault, print);
    for (unsigned i = 0; i < a->shares && st == CV_OK; i++) {
        struct cv_secret text = { 0 };
        st = cv_share_text(&shares[i], &text);
        const struct cv_bytes view = CV_BYTES(text.p, st == CV_OK ? text.n - 1 : 0);
        if (st == CV_OK && a->pages != NULL)
            st = write_page(ui, a->pages, &shares[i], view, print, (unsigned)a->shares,
                            cv_vault_policy(v)->training);
        else
            st = CV_THEN(st, show(ui, &shares[i], view, (unsigned)a->shares));
        cv_secret_free(&text);
    }
    return st;
}

/* check_place(ui, a): the pages have a place. Afterwards it is too late to say so: the secret is in force. */
static cv_status check_place(struct cv_ui *ui, const struct split_args *a)
{
    char path[4096];
    if (a->pages == NULL)
        return CV_OK;
    if (access(a->pages, W_OK | X_OK) != 0)
        return cv_fail_errno(&ui->err, "--pages: %s", a->pages);
    for (unsigned i = 1; i <= a->shares; i++)
        if (snprintf(path, sizeof(path), PAGE, a->pages, i) >= (int)sizeof(path))
            return cv_fail(&ui->err, CV_ERR_LIMIT, "--pages: path too long");
        else if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return cv_fail(&ui->err, CV_ERR_EXISTS,
                           "%s: there is one already; nothing was changed: name another place", path);
    return CV_OK;
}

static cv_status run_split(struct cv_ui *ui, const void *args)
{
    const struct split_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_outcome outcome;
    struct cv_share shares[CV_SHAMIR_SHARES_MAX] = { 0 };
    if (a->shares == 0 || a->threshold == 0 || a->shares > CV_SHAMIR_SHARES_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: --shares N (at most %d) and --threshold K",
                       CV_SHAMIR_SHARES_MAX);
    cv_status st = check_place(ui, a);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_recovery_split(o.vault, (unsigned)a->threshold, (unsigned)a->shares, shares, &outcome,
                                       &ui->err));
    const bool split = st == CV_OK;
    st = CV_THEN(st, give_out(ui, o.vault, a, shares));
    if (split && st != CV_OK)
        ui->hint = "the secret was split, but not every share was given out: split again";
    if (st == CV_OK && a->pages != NULL)
        cv_ui_say_n(
            ui, a->shares,
            "%llu page stands in %s. Print it, hand it to another person, then destroy the file: a "
            "directory in memory, such as one under /dev/shm, leaves nothing on a disk.",
            "%llu pages stand in %s. Print them, hand each to another person, then destroy the files: a "
            "directory in memory, such as one under /dev/shm, leaves nothing on a disk.",
            (unsigned long long)a->shares, a->pages);
    st = CV_THEN(st, cv_ui_outcome(ui, &outcome, "The shares were put together once, and make the secret."));
    if (st == CV_OK && outcome.done && cv_recovery_lacking(o.vault) > 0)
        cv_ui_say_n(
            ui, cv_recovery_lacking(o.vault),
            "%zu section is not covered yet: colleagues who read it add it with their next command.",
            "%zu sections are not covered yet: colleagues who read them add them with their next command.",
            cv_recovery_lacking(o.vault));
    for (unsigned i = 0; i < CV_SHAMIR_SHARES_MAX; i++)
        cv_share_free(&shares[i]);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_recovery_split = {
    .name = "recovery split",
    .synopsis = "--shares N --threshold K [--pages DIR]",
    .summary = "cut up a recovery secret among people, to be brought together when all keys are lost",
    .details = "Earlier shares admit nobody from then on, and open nothing written later. Each share is "
               "printed as 72 letters and digits and as a QR code.",
    .opts = split_opts,
    .args_bytes = sizeof(struct split_args),
    .run = run_split,
};

/* ---- combine ---- */

/* read_share(ui, path, out): one a file. */
static cv_status read_share(struct cv_ui *ui, const char *path, struct cv_share *out)
{
    struct cv_buf text = { 0 };
    struct cv_err err = { 0 };
    cv_status st = cv_ui_read_file(ui, path, SHARE_FILE_MAX, &text);
    if (st == CV_OK && (st = cv_share_parse(cv_buf_view(&text), out, &err)) != CV_OK)
        st = cv_fail(&ui->err, st, "%s: %s", path, err.msg);
    cv_buf_free(&text);
    return st;
}

/* join(ui, path, shares, count, secret): judged by the policy in force in the vault. */
static cv_status join(struct cv_ui *ui, const char *path, const struct cv_share *shares, unsigned count,
                      struct cv_secret *secret)
{
    struct cv_custody *c = NULL;
    cv_status st = cv_custody_open(path, ui->trust, &c, &ui->err);
    st = CV_THEN(st, cv_recovery_join(c->chain.policy, shares, count, secret, &ui->err));
    cv_custody_close(c);
    return st;
}

static cv_status run_combine(struct cv_ui *ui, const void *args)
{
    char path[4096];
    struct cv_share shares[CV_SHAMIR_SHARES_MAX] = { 0 };
    struct cv_secret secret = { 0 };
    struct cv_identity id = { 0 };
    struct cv_vault *v = NULL;
    const unsigned count = (unsigned)ui->words.n;
    (void)args;
    if (count > CV_SHAMIR_SHARES_MAX)
        return cv_fail(&ui->err, CV_ERR_ARG, "at most %d shares", CV_SHAMIR_SHARES_MAX);
    cv_status st = cv_ui_vault_path(ui, path);
    for (unsigned i = 0; i < count && st == CV_OK; i++)
        st = read_share(ui, ui->words.w[i], &shares[i]);
    st = CV_THEN(st, join(ui, path, shares, count, &secret));
    st = CV_THEN(st, cv_ui_identity(ui, &id));
    st = CV_THEN(st, cv_vault_open_recovery(path, ui->trust, &id, &secret, &v, &ui->err));
    if (st == CV_OK)
        cv_ui_training(ui, cv_vault_policy(v)->training);
    st = CV_THEN(st, cv_recovery_admit(v, &ui->err));
    if (st == CV_OK)
        cv_ui_say(ui,
                  "Recovered: %s is a custodian now and holds every role. It stands in the access log, for "
                  "auditors to\n"
                  "see first. These shares are used up: split anew with `recovery split`, and remove those "
                  "who lost\n"
                  "their keys with `member remove`.",
                  id.public.pseudonym);
    for (unsigned i = 0; i < CV_SHAMIR_SHARES_MAX; i++)
        cv_share_free(&shares[i]);
    cv_secret_free(&secret);
    cv_vault_close(v);
    cv_identity_free(&id);
    return st;
}

const struct cv_cmd cv_cmd_recovery_combine = {
    .name = "recovery combine",
    .synopsis = "SHARE-FILE...",
    .summary = "bring shares together: gives every role to your identity, when all other keys are lost",
    .details = "Each file holds one share as it was written down; a photographed code gives the same text. "
               "--identity "
               "names\nthe identity that takes over, made with `identity new`.",
    .words_min = 1,
    .words_max = CV_SHAMIR_SHARES_MAX,
    .run = run_combine,
};
