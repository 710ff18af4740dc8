#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/help.h"
#include "crypto/alloc.h"

#define VERSION "0.1.0"
#define SAID_BYTES 1024 /* of an error, a hint or a synopsis */

extern const struct cv_cmd cv_cmd_init, cv_cmd_identity_new, cv_cmd_identity_show, cv_cmd_identity_passphrase,
    cv_cmd_unlock, cv_cmd_lock, cv_cmd_member_add, cv_cmd_member_list, cv_cmd_member_remove,
    cv_cmd_member_replace, cv_cmd_role_list, cv_cmd_role_grant, cv_cmd_role_revoke, cv_cmd_role_rotate,
    cv_cmd_section_list, cv_cmd_policy_show, cv_cmd_policy_approve, cv_cmd_policy_set, cv_cmd_recovery_split,
    cv_cmd_recovery_combine, cv_cmd_record_add, cv_cmd_record_import, cv_cmd_record_export,
    cv_cmd_record_show, cv_cmd_record_edit, cv_cmd_record_link, cv_cmd_record_list, cv_cmd_case_show,
    cv_cmd_related, cv_cmd_record_history, cv_cmd_record_origin, cv_cmd_record_erase, cv_cmd_hold_set,
    cv_cmd_hold_clear, cv_cmd_grant, cv_cmd_partner_add, cv_cmd_partner_list, cv_cmd_consent_give,
    cv_cmd_consent_withdraw, cv_cmd_consent_show, cv_cmd_package_new, cv_cmd_package_approve,
    cv_cmd_package_write, cv_cmd_package_list, cv_cmd_verify, cv_cmd_audit_log, cv_cmd_audit_verify,
    cv_cmd_audit_report, cv_cmd_audit_head, cv_cmd_audit_prove, cv_cmd_audit_misconduct, cv_cmd_audit_publish,
    cv_cmd_audit_timestamp_request, cv_cmd_audit_timestamp_keep, cv_cmd_audit_timestamp_get,
    cv_cmd_audit_timestamp_verify, cv_cmd_witness_new, cv_cmd_witness_request, cv_cmd_witness_sign,
    cv_cmd_witness_serve, cv_cmd_witness_keep, cv_cmd_document_add, cv_cmd_document_list, cv_cmd_document_get,
    cv_cmd_search, cv_cmd_stats, cv_cmd_status, cv_cmd_check, cv_cmd_repair, cv_cmd_rebuild, cv_cmd_backup,
    cv_cmd_restore, cv_cmd_demo, cv_cmd_demo_tour;

const struct cv_cmd *const cv_cmds[] = {
    &cv_cmd_init,
    &cv_cmd_identity_new,
    &cv_cmd_identity_show,
    &cv_cmd_identity_passphrase,
    &cv_cmd_unlock,
    &cv_cmd_lock,
    &cv_cmd_member_add,
    &cv_cmd_member_list,
    &cv_cmd_member_remove,
    &cv_cmd_member_replace,
    &cv_cmd_role_list,
    &cv_cmd_role_grant,
    &cv_cmd_role_revoke,
    &cv_cmd_role_rotate,
    &cv_cmd_section_list,
    &cv_cmd_policy_show,
    &cv_cmd_policy_approve,
    &cv_cmd_policy_set,
    &cv_cmd_recovery_split,
    &cv_cmd_recovery_combine,
    &cv_cmd_record_add,
    &cv_cmd_record_import,
    &cv_cmd_record_export,
    &cv_cmd_record_show,
    &cv_cmd_record_edit,
    &cv_cmd_record_link,
    &cv_cmd_record_list,
    &cv_cmd_record_history,
    &cv_cmd_record_origin,
    &cv_cmd_record_erase,
    &cv_cmd_case_show,
    &cv_cmd_related,
    &cv_cmd_search,
    &cv_cmd_hold_set,
    &cv_cmd_hold_clear,
    &cv_cmd_grant,
    &cv_cmd_document_add,
    &cv_cmd_document_list,
    &cv_cmd_document_get,
    &cv_cmd_partner_add,
    &cv_cmd_partner_list,
    &cv_cmd_consent_give,
    &cv_cmd_consent_withdraw,
    &cv_cmd_consent_show,
    &cv_cmd_package_new,
    &cv_cmd_package_approve,
    &cv_cmd_package_write,
    &cv_cmd_package_list,
    &cv_cmd_verify,
    &cv_cmd_stats,
    &cv_cmd_audit_log,
    &cv_cmd_audit_verify,
    &cv_cmd_audit_report,
    &cv_cmd_audit_head,
    &cv_cmd_audit_prove,
    &cv_cmd_audit_misconduct,
    &cv_cmd_audit_publish,
    &cv_cmd_audit_timestamp_request,
    &cv_cmd_audit_timestamp_keep,
    &cv_cmd_audit_timestamp_get,
    &cv_cmd_audit_timestamp_verify,
    &cv_cmd_witness_new,
    &cv_cmd_witness_request,
    &cv_cmd_witness_sign,
    &cv_cmd_witness_serve,
    &cv_cmd_witness_keep,
    &cv_cmd_status,
    &cv_cmd_check,
    &cv_cmd_repair,
    &cv_cmd_rebuild,
    &cv_cmd_backup,
    &cv_cmd_restore,
    &cv_cmd_demo_tour,
    &cv_cmd_demo,
    NULL,
};

#define NAME_COLUMN 27

static void usage(void)
{
    cv_print("casevault: an encrypted vault for case records\n\n");
    for (size_t i = 0; cv_cmds[i] != NULL; i++) {
        printf("  %-*s", NAME_COLUMN - 2, cv_cmds[i]->name);
        cv_text_print(cv_bytes_str(_(cv_cmds[i]->summary)), NAME_COLUMN, NAME_COLUMN + 1);
    }
    cv_print("\n`casevault COMMAND --help` tells more of each, `casevault help` what to do when\nsomething "
             "happens.\n");
}

/* is_named(name, argc, argv, taken): are these its words? How many they are, one to three. */
static bool is_named(const char *name, int argc, char **argv, int *taken)
{
    for (*taken = 0; *taken < argc; name += *name == ' ') {
        const size_t n = strcspn(name, " ");
        if (strlen(argv[*taken]) != n || memcmp(argv[*taken], name, n) != 0)
            return false;
        ++*taken;
        name += n;
        if (*name == '\0')
            return true;
    }
    return false;
}

/* find(argc, argv, taken): the command whose words come first; how many words it took. */
static const struct cv_cmd *find(int argc, char **argv, int *taken)
{
    for (size_t i = 0; cv_cmds[i] != NULL; i++)
        if (is_named(cv_cmds[i]->name, argc, argv, taken))
            return cv_cmds[i];
    return NULL;
}

/* exit_of(ui, st): the documented exit status. */
static enum cv_exit exit_of(const struct cv_ui *ui, cv_status st)
{
    if (ui->wrong_passphrase)
        return CV_EXIT_PASSPHRASE;
    switch (st) {
    case CV_OK:
        return CV_EXIT_DONE;
    case CV_ERR_ARG:
        return CV_EXIT_USAGE;
    case CV_ERR_NOKEY:
    case CV_ERR_DENIED:
        return CV_EXIT_DENIED;
    case CV_ERR_LOG:
    case CV_ERR_AUTH:
        return CV_EXIT_DAMAGE;
    case CV_ERR_LOCKED:
        return CV_EXIT_LOCKED;
    case CV_ERR_NOVAULT:
        return CV_EXIT_NO_VAULT;
    case CV_ERR_CONSENT:
        return CV_EXIT_CONSENT;
    default:
        return CV_EXIT_FAILED;
    }
}

/* say(fmt, ...): on stderr, in the reader's language; a terminal gets it in whole words. */
__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
    char text[SAID_BYTES];
    va_list ap;
    va_start(ap, fmt);
    cv_locale_text(text, sizeof(text), _(fmt), ap);
    va_end(ap);
    cv_text_wrap(text, cv_ui_said_width());
    fputs(text, stderr);
}

static int run(const struct cv_cmd *cmd, struct cv_ui *ui, int argc, char **argv)
{
    _Alignas(16) static char args[CV_ARGS_MAX];
    memset(args, 0, sizeof(args));
    cv_status st = cv_opts_parse(cmd, argc, argv, ui, args);
    if (st == CV_OK && ui->help) {
        cv_cmd_help(cmd);
        return CV_EXIT_DONE;
    }
    if (st == CV_OK && (ui->words.n < cmd->words_min || ui->words.n > cmd->words_max))
        st = cv_fail(&ui->err, CV_ERR_ARG, "wrong number of arguments");
    if (st != CV_OK) {
        say("casevault: %s\nUsage: casevault %s %s\n", ui->err.msg, cmd->name, cmd->synopsis);
        return CV_EXIT_USAGE;
    }
    st = cmd->run(ui, args);
    cv_ui_progress_clear();
    cv_ui_page_end();
    if ((fflush(stdout) != 0 || ferror(stdout)) && st == CV_OK)
        st = cv_fail(&ui->err, CV_ERR_IO, "standard output: cannot write");
    if (st != CV_OK) {
        (void)cv_err_note(&ui->err, st, cmd->name);
        cv_ui_agent_gone(ui);
        say("casevault: %s\n", ui->err.msg);
        cv_alloc_last_words(NULL);
        const char *next = cv_ui_next(ui, st);
        if (next != NULL && next[0] != '\0')
            say("casevault: hint: %s\n", _(next));
        else if (next == NULL && st == CV_ERR_ARG)
            say("casevault: hint: `casevault %s --help` shows how it is used\n", cmd->name);
    }
    return (int)exit_of(ui, st);
}

#define NEAR_MOST 3 /* letters that may be wrong in a name that is still guessed */
#define NEAR_BYTES 128

/* distance(a, b): how many letters to change, add or take away; names are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAR_BYTES + 1];
    const size_t n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            const size_t change = corner + (a[i] != b[j]), add = row[j] + 1, drop = row[j + 1] + 1;
            corner = row[j + 1];
            row[j + 1] = change < add ? change : add;
            row[j + 1] = row[j + 1] < drop ? row[j + 1] : drop;
        }
    }
    return row[n];
}

/* nearest(name): the command whose name is most like this one, if any is. */
static const char *nearest(const char *name)
{
    const char *best = NULL;
    size_t least = NEAR_MOST + 1;
    for (size_t i = 0; cv_cmds[i] != NULL; i++) {
        const size_t d = distance(name, cv_cmds[i]->name);
        if (d < least && d < strlen(name)) {
            least = d;
            best = cv_cmds[i]->name;
        }
    }
    return best;
}

/* seconds(word, out): the words that make a command together with ${word}; none if it begins none. */
static void seconds(const char *word, struct cv_buf *out)
{
    const size_t n = strlen(word);
    cv_status st = CV_OK;
    for (size_t i = 0; cv_cmds[i] != NULL && st == CV_OK; i++)
        if (strncmp(cv_cmds[i]->name, word, n) == 0 && cv_cmds[i]->name[n] == ' ')
            st = cv_buf_printf(out, "%s%s", out->n > 0 ? ", " : "", cv_cmds[i]->name + n + 1);
}

/* unknown(argc, argv): one line: what is not there, and where to look. */
static void unknown(int argc, char **argv)
{
    struct cv_err line = { 0 };
    struct cv_buf more = { 0 };
    char one[NEAR_BYTES], two[NEAR_BYTES];
    const char *after = two, *near = NULL;
    snprintf(one, sizeof(one), "%.30s", argv[1]);
    snprintf(two, sizeof(two), "%.30s%s%.30s", argv[1], argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
    seconds(two, &more);
    if (more.n == 0) {
        near = nearest(two) != NULL ? nearest(two) : nearest(one);
        after = one;
        seconds(one, &more);
    }
    if (near != NULL)
        (void)!cv_fail(&line, CV_ERR_ARG, "there is no command %s; did you mean `%s`? see `casevault --help`",
                       two, near);
    else if (more.n > 0)
        (void)!cv_fail(&line, CV_ERR_ARG, "after %s one of these is wanted: %.*s; see `casevault --help`",
                       after, (int)more.n, (const char *)more.p);
    else
        (void)!cv_fail(&line, CV_ERR_ARG, "there is no command %s; see `casevault --help`", one);
    say("casevault: %s\n", line.msg);
    cv_buf_free(&more);
}

/* help(argc, argv): of a command by its name, of a task, or (--json) the tables of them all. */
static int help(int argc, char **argv)
{
    int taken = 0;
    const struct cv_cmd *cmd = argc > 0 ? find(argc, argv, &taken) : NULL;
    if (argc == 1 && strcmp(argv[0], "--json") == 0)
        return cv_describe();
    if (cmd == NULL || taken != argc)
        return cv_help(argc, argv);
    cv_cmd_help(cmd);
    return CV_EXIT_DONE;
}

int cv_main(int argc, char **argv)
{
    struct cv_ui *ui = calloc(1, sizeof(*ui));
    int taken = 0, rc;
    if (ui == NULL) {
        cv_print_to(stderr, "casevault: %s\n", _(CV_NO_MEMORY));
        return CV_EXIT_FAILED;
    }
    ui->passphrase_fd = CV_NO_FD;
    const struct cv_cmd *cmd = find(argc - 1, argv + 1, &taken);
    if (cmd != NULL)
        rc = run(cmd, ui, argc - 1 - taken, argv + 1 + taken);
    else if (argc > 1 && strcmp(argv[1], "help") == 0) {
        rc = help(argc - 2, argv + 2);
    } else if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage();
        rc = CV_EXIT_DONE;
    } else if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("casevault " VERSION "\n");
        rc = CV_EXIT_DONE;
    } else {
        if (argc > 1)
            unknown(argc, argv);
        else
            usage();
        rc = CV_EXIT_USAGE;
    }
    free(ui);
    return rc;
}
