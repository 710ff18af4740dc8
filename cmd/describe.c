#include "cmd/cmd.h"
#include "cmd/help.h"

/* help --json: the commands and their options as their tables have them; manuals and completions are made
 * from it (script/manuals). */

static struct cv_json *options(const struct cv_opt *opts)
{
    struct cv_json *list = cv_json_array();
    cv_status st = list != NULL ? CV_OK : CV_ERR_NOMEM;
    for (; opts != NULL && opts->name != NULL && st == CV_OK; opts++) {
        const char letter[2] = { opts->letter, '\0' };
        struct cv_json *o = cv_json_object();
        st = cv_json_set(o, "name", cv_json_str(opts->name));
        if (opts->letter != 0)
            st = CV_THEN(st, cv_json_set(o, "letter", cv_json_str(letter)));
        if (opts->value != NULL)
            st = CV_THEN(st, cv_json_set(o, "value", cv_json_str(opts->value)));
        st = CV_THEN(st, cv_json_set(o, "help", cv_json_str(opts->help)));
        st = CV_THEN(st, cv_json_push(list, cv_json_ref(o)));
        cv_json_free(o);
    }
    if (st != CV_OK) {
        cv_json_free(list);
        return NULL;
    }
    return list;
}

static cv_status describe(const struct cv_cmd *cmd)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "command", cv_json_str(cmd->name));
    st = CV_THEN(st, cv_json_set(o, "synopsis", cv_json_str(cmd->synopsis)));
    st = CV_THEN(st, cv_json_set(o, "summary", cv_json_str(cmd->summary)));
    if (cmd->details != NULL)
        st = CV_THEN(st, cv_json_set(o, "details", cv_json_str(cmd->details)));
    st = CV_THEN(st, cv_json_set(o, "options", options(cmd->opts)));
    st = CV_THEN(st, cv_ui_print_json(o));
    cv_json_free(o);
    return st;
}

int cv_describe(void)
{
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "everywhere", options(cv_global_opts));
    st = CV_THEN(st, cv_ui_print_json(o));
    cv_json_free(o);
    for (size_t i = 0; cv_cmds[i] != NULL && st == CV_OK; i++)
        st = describe(cv_cmds[i]);
    return st == CV_OK && fflush(stdout) == 0 ? CV_EXIT_DONE : CV_EXIT_FAILED;
}
