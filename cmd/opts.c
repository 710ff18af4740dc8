#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

#define UI(field) offsetof(struct cv_ui, field)

const struct cv_opt cv_global_opts[] = {
    { "vault", 'V', "DIR", "the vault (else CASEVAULT_DIR, else the nearest parent directory that is one)",
      UI(vault), CV_OPT_TEXT },
    { "identity", 'i', "FILE", "your identity file (else CASEVAULT_IDENTITY)", UI(identity), CV_OPT_TEXT },
    { "passphrase-fd", 0, "N", "read the passphrase's line from this file descriptor", UI(passphrase_fd),
      CV_OPT_NUMBER },
    { "passphrase-file", 0, "FILE", "read the passphrase from the first line of this file",
      UI(passphrase_file), CV_OPT_TEXT },
    { "trust", 0, "PRINT", "the fingerprint of a vault you open for the first time", UI(trust), CV_OPT_TEXT },
    { "json", 0, NULL, "answer in JSON, one object a line", UI(json), CV_OPT_FLAG },
    { "quiet", 'q', NULL, "say nothing but errors and the answer", UI(quiet), CV_OPT_FLAG },
    { "no-color", 0, NULL, "no colour (NO_COLOR does the same)", UI(no_color), CV_OPT_FLAG },
    { "no-pager", 0, NULL, "do not show long answers page by page", UI(no_pager), CV_OPT_FLAG },
    { "help", 'h', NULL, "this help", UI(help), CV_OPT_FLAG },
    { 0 },
};

static const struct cv_opt *find(const struct cv_opt *opts, const char *name, size_t n, char letter)
{
    for (; opts != NULL && opts->name != NULL; opts++)
        if (letter != 0 ? opts->letter == letter
                        : strlen(opts->name) == n && strncmp(opts->name, name, n) == 0)
            return opts;
    return NULL;
}

static cv_status add_word(struct cv_words *words, const char *w)
{
    if (words->n == CV_WORDS_MAX)
        return CV_ERR_LIMIT;
    words->w[words->n++] = w;
    return CV_OK;
}

/* store(opt, base, value): put it where the option's struct wants it. */
static cv_status store(const struct cv_opt *opt, void *base, const char *value, struct cv_err *err)
{
    void *at = (char *)base + opt->offset;
    char *end = NULL;
    switch (opt->kind) {
    case CV_OPT_FLAG:
        *(bool *)at = true;
        return CV_OK;
    case CV_OPT_TEXT:
        *(const char **)at = value;
        return CV_OK;
    case CV_OPT_NUMBER:
    case CV_OPT_COUNT:
        errno = 0;
        *(uint64_t *)at = strtoull(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || value[0] == '-')
            return cv_fail(err, CV_ERR_ARG, "--%s wants a number", opt->name);
        if (opt->kind == CV_OPT_COUNT && *(uint64_t *)at == 0)
            return cv_fail(err, CV_ERR_ARG, "--%s counts from 1", opt->name);
        return CV_OK;
    case CV_OPT_LIST:
        if (add_word(at, value) != CV_OK)
            return cv_fail(err, CV_ERR_ARG, "--%s was given more than %d times", opt->name, CV_WORDS_MAX);
        return CV_OK;
    }
    return CV_ERR_INTERNAL;
}

cv_status cv_opts_parse(const struct cv_cmd *cmd, int argc, char **argv, struct cv_ui *ui, void *args)
{
    bool words_only = false;
    for (int i = 0; i < argc; i++) {
        const char *a = argv[i], *value = NULL;
        if (!words_only && strcmp(a, "--") == 0) {
            words_only = true;
            continue;
        }
        if (words_only || a[0] != '-' || a[1] == '\0') {
            if (add_word(&ui->words, a) != CV_OK)
                return cv_fail(&ui->err, CV_ERR_ARG, "more than %d arguments", CV_WORDS_MAX);
            continue;
        }
        const bool is_long = a[1] == '-';
        const char *equals = is_long ? strchr(a, '=') : NULL;
        const size_t n = is_long ? (equals != NULL ? (size_t)(equals - a - 2) : strlen(a + 2)) : 0;
        if (is_long && n == 0)
            return cv_fail(&ui->err, CV_ERR_ARG, "an option is missing its name");
        if (!is_long && a[2] != '\0')
            return cv_fail(&ui->err, CV_ERR_ARG, "%.16s: give one short option at a time", a);
        void *base = args;
        const struct cv_opt *opt = find(cmd->opts, a + 2, n, is_long ? 0 : a[1]);
        if (opt == NULL) {
            opt = find(cv_global_opts, a + 2, n, is_long ? 0 : a[1]);
            base = ui;
        }
        if (opt == NULL)
            return cv_fail(&ui->err, CV_ERR_ARG, "%s has no option %.40s", cmd->name, a);
        if (opt->kind == CV_OPT_FLAG && equals != NULL)
            return cv_fail(&ui->err, CV_ERR_ARG, "--%s takes no value", opt->name);
        if (opt->kind != CV_OPT_FLAG) {
            value = equals != NULL ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
            if (value == NULL)
                return cv_fail(&ui->err, CV_ERR_ARG, "--%s wants a value", opt->name);
        }
        cv_status st = store(opt, base, value, &ui->err);
        if (st != CV_OK)
            return st;
    }
    return CV_OK;
}

#define HELP_COLUMN 29

static void help_opts(const struct cv_opt *opts)
{
    for (; opts != NULL && opts->name != NULL; opts++) {
        char left[64], letter[8] = "    ";
        if (opts->letter != 0)
            snprintf(letter, sizeof(letter), "-%c, ", opts->letter);
        snprintf(left, sizeof(left), "%s--%s%s%s", letter, opts->name, opts->value != NULL ? " " : "",
                 opts->value != NULL ? opts->value : "");
        printf("  %-*s", HELP_COLUMN - 2, left);
        cv_text_print(cv_bytes_str(_(opts->help)), HELP_COLUMN, HELP_COLUMN + 1);
    }
}

void cv_cmd_help(const struct cv_cmd *cmd)
{
    const int n = printf("casevault %s", cmd->name);
    cv_text_print(cv_bytes_str(cmd->synopsis), n > 0 ? (size_t)n : 0, 4);
    cv_text_print(cv_bytes_str(_(cmd->summary)), 0, 0);
    if (cmd->details != NULL) {
        fputc('\n', stdout);
        cv_text_print(cv_bytes_str(_(cmd->details)), 0, 0);
    }
    if (cmd->opts != NULL && cmd->opts->name != NULL) {
        cv_print("\nOptions:\n");
        help_opts(cmd->opts);
    }
    cv_print("\nEverywhere:\n");
    help_opts(cv_global_opts);
}
