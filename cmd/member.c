#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "formats/policy_diff.h"
#include "vault/head_walk.h"
#include "vault/members.h"

/* member add / list / remove / replace: who is there. */

#define FILE_MAX 65536 /* of a file that somebody saved a member line in */

struct add_args {
    struct cv_words roles;
    const char *name, *fingerprint;
};
static const struct cv_opt add_opts[] = {
    { "role", 'r', "ROLE", "what they work as (may be given again)", offsetof(struct add_args, roles),
      CV_OPT_LIST },
    { "name", 'n', "NAME", "their name, for the staff directory that members read",
      offsetof(struct add_args, name), CV_OPT_TEXT },
    { "fingerprint", 'f', "PRINT", "what they read out to you; refused if it is not the line's",
      offsetof(struct add_args, fingerprint), CV_OPT_TEXT },
    { 0 },
};

/* add_staff(v, key, name): the name goes into the sealed directory, never into the policy. */
static cv_status add_staff(struct cv_ui *ui, struct cv_vault *v, const struct cv_member_key *key,
                           const char *name)
{
    struct cv_json *record = cv_json_object(), *directory = cv_json_object();
    struct cv_stored stored;
    cv_status st = cv_json_set(directory, "name", cv_json_str(name));
    st = CV_THEN(st, cv_json_set(directory, "pseudonym", cv_json_str(key->pseudonym)));
    st = CV_THEN(st, cv_json_set(record, "type", cv_json_str("staff")));
    st = CV_THEN(st, cv_json_set(record, "directory", cv_json_ref(directory)));
    st = CV_THEN(st, cv_record_add(v, record, NULL, &stored, &ui->err));
    cv_json_free(directory);
    cv_json_free(record);
    return st;
}

/* from_file(ui, path, key): the line that stands in it, alone or first. */
static cv_status from_file(struct cv_ui *ui, const char *path, struct cv_member_key *key)
{
    struct cv_buf text = { 0 };
    struct cv_err why = { 0 };
    cv_status st = cv_ui_read_file(ui, path, FILE_MAX, &text);
    if (st == CV_OK) {
        size_t n = 0;
        while (n < text.n && text.p[n] > ' ')
            n++;
        st = cv_member_parse(CV_BYTES(text.p, n), key, &why);
        if (st != CV_OK)
            st = cv_fail(&ui->err, st, "%.80s: %.160s", path, why.msg);
    }
    cv_buf_free(&text);
    return st;
}

/* read_line(ui, said, fingerprint, key): the public line, or the file that holds it; and whether it is that
 * of whoever read the fingerprint out. */
static cv_status read_line(struct cv_ui *ui, const char *said, const char *fingerprint,
                           struct cv_member_key *key)
{
    cv_status st = access(said, F_OK) == 0 ? from_file(ui, said, key)
                                           : cv_member_parse(cv_bytes_str(said), key, &ui->err);
    if (st == CV_ERR_FORMAT)
        ui->hint = "wanted is the whole line that `identity new` printed, or a file that it stands in";
    if (st == CV_OK && fingerprint != NULL && strcmp(fingerprint, key->fingerprint) != 0)
        st =
            cv_fail(&ui->err, CV_ERR_AUTH,
                    "the line's fingerprint is %s, not the one read out: it is not theirs", key->fingerprint);
    return st;
}

/* of_the_kind(ui, v, key): what to do where it is not of the vault's kind, which the vault refuses. */
static void of_the_kind(struct cv_ui *ui, const struct cv_vault *v, const struct cv_member_key *key)
{
    if (key->training != cv_vault_policy(v)->training)
        ui->hint = key->training
                       ? N_("a real identity is made with: casevault identity new FILE")
                       : N_("one for training is made with: casevault identity new --training FILE");
}

static cv_status run_add(struct cv_ui *ui, const void *args)
{
    const struct add_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_member_key key;
    const char *line = ui->words.w[0];
    if (a->roles.n == 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "what will they work as? Add --role ROLE; see `role list`");
    struct cv_outcome outcome;
    cv_status st = read_line(ui, line, a->fingerprint, &key);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    if (st == CV_OK)
        of_the_kind(ui, o.vault, &key);
    st = CV_THEN(st, cv_members_add(o.vault, &key, a->roles.w, &outcome, &ui->err));
    if (st == CV_OK && a->name != NULL)
        st = add_staff(ui, o.vault, &key, a->name);
    if (st == CV_OK && !ui->json)
        printf("%s\n", key.pseudonym);
    st = CV_THEN(st, cv_ui_outcome(ui, &outcome, "Admitted."));
    if (st == CV_OK && a->fingerprint == NULL)
        cv_ui_say(ui, "Compare the fingerprint by telephone: %s", key.fingerprint);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_member_add = {
    .name = "member add",
    .synopsis = "--role ROLE... [--name NAME] [--fingerprint PRINT] LINE|FILE",
    .summary = "admit a colleague, by the line that `identity new` printed",
    .details = "LINE is what `identity new` printed to them, or the name of a file that you saved it in. "
               "Anybody may "
               "have changed it on the way: let them read out its fingerprint, on the telephone.",
    .opts = add_opts,
    .args_bytes = sizeof(struct add_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_add,
};

/* names_of(v): pseudonym -> name, from the staff records. */
static cv_status names_of(struct cv_ui *ui, struct cv_vault *v, struct cv_json **out)
{
    struct cv_head_walk walk = { 0 };
    *out = cv_json_object();
    cv_status st = *out == NULL ? CV_ERR_NOMEM : cv_head_walk(v, "staff", false, &walk, &ui->err);
    for (size_t i = 0; i < walk.count && st == CV_OK; i++) {
        struct cv_version of;
        struct cv_record r = { 0 };
        st = cv_head_walk_at(v, &walk, i, &of, &ui->err);
        if (st == CV_ERR_NOTFOUND) {
            st = CV_OK;
            continue;
        }
        st = CV_THEN(st, cv_record_read(v, of.id, 0, NULL, "read", NULL, &r, &ui->err));
        const struct cv_json *d = st == CV_OK ? cv_record_section(&r, "directory") : NULL;
        const char *who = cv_json_get_str(d, "pseudonym");
        if (who != NULL)
            st = cv_json_set(*out, who, cv_json_copy(cv_json_get(d, "name")));
        cv_record_free(&r);
        cv_version_free(&of);
    }
    cv_head_walk_free(&walk);
    return st;
}

static cv_status run_list(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_table t = { .columns = 4 };
    char roles[CV_ROLE_WORDS];
    struct cv_json *names = NULL;
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, names_of(ui, o.vault, &names));
    const struct cv_policy *p = st == CV_OK ? cv_vault_policy(o.vault) : NULL;
    cv_table_cell(&t, _("MEMBER"));
    cv_table_cell(&t, _("NAME"));
    cv_table_cell(&t, _("FINGERPRINT"));
    cv_table_cell(&t, _("ROLES"));
    for (size_t i = 0; st == CV_OK && i < p->member_count; i++) {
        const struct cv_policy_member *m = &p->members[i];
        const char *name = cv_json_get_str(names, m->key.pseudonym);
        if (ui->json) {
            struct cv_json *j = cv_json_object();
            st = cv_json_set(j, "member", cv_json_str(m->key.pseudonym));
            st = CV_THEN(st, cv_json_set(j, "name", name != NULL ? cv_json_str(name) : cv_json_null()));
            st = CV_THEN(st, cv_json_set(j, "fingerprint", cv_json_str(m->key.fingerprint)));
            st = CV_THEN(st, cv_json_set(j, "roles", cv_policy_role_names(p, m->roles)));
            st = CV_THEN(st, cv_ui_answer(ui, j));
            cv_json_free(j);
            continue;
        }
        cv_policy_role_words(p, m->roles, roles, sizeof(roles));
        cv_table_cell(&t, m->key.pseudonym);
        cv_table_cell(&t, name != NULL ? name : "-");
        cv_table_cell(&t, m->key.fingerprint);
        cv_table_cell(&t, roles);
    }
    if (st == CV_OK && !ui->json)
        cv_table_print(&t);
    cv_buf_free(&t.cells);
    cv_json_free(names);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_member_list = { .name = "member list",
                                           .synopsis = "",
                                           .summary = "list the members, their names and roles",
                                           .run = run_list };

/* What somebody knows already stays known to them; said before they are gone. */
cv_status cv_ui_could_read(struct cv_ui *ui, const struct cv_vault *v, const char *who, cv_roles roles)
{
    struct cv_json *list = cv_members_could_read(v, roles);
    struct cv_buf words = { 0 };
    const uint64_t versions = v->custody->counts[CV_KIND_RECORD];
    cv_status st = list == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++)
        st = cv_buf_printf(&words, "%s%s", i > 0 ? ", " : "", cv_json_cstr(cv_json_at(list, i)));
    st = CV_THEN(st, cv_buf_append(&words, CV_LIT("\0")));
    if (st == CV_OK && words.n > 1)
        cv_ui_say(ui,
                  "Until now %s could read of every record (versions so far: %llu):\n    %s\n"
                  "What was read or copied cannot be taken back. Auditors see what was read: `audit log "
                  "--member %s`.",
                  who, (unsigned long long)versions, (const char *)words.p, who);
    cv_buf_free(&words);
    cv_json_free(list);
    return cv_err_note(&ui->err, st, "member");
}

/* roles_of(v, pseudonym): those a member holds now; 0 for nobody. */
static cv_roles roles_of(const struct cv_vault *v, const char *pseudonym)
{
    const struct cv_policy_member *m = cv_policy_member(cv_vault_policy(v), pseudonym);
    return m != NULL ? m->roles : 0;
}

static cv_status run_remove(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_outcome outcome;
    const char *who = ui->words.w[0];
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    const cv_roles roles = st == CV_OK ? roles_of(o.vault, who) : 0;
    st = CV_THEN(st, cv_members_remove(o.vault, who, &outcome, &ui->err));
    st = CV_THEN(st,
                 cv_ui_outcome(ui, &outcome, "Removed: new keys are in force for all that they could open."));
    st = CV_THEN(st, cv_ui_could_read(ui, o.vault, who, roles));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_member_remove = {
    .name = "member remove",
    .synopsis = "MEMBER",
    .summary = "end somebody's membership; what is written from then on is closed to them",
    .words_min = 1,
    .words_max = 1,
    .run = run_remove,
};

struct replace_args {
    const char *fingerprint;
};
static const struct cv_opt replace_opts[] = {
    { "fingerprint", 'f', "PRINT", "what they read out to you; refused if it is not the line's",
      offsetof(struct replace_args, fingerprint), CV_OPT_TEXT },
    { 0 },
};

/* rename_staff(ui, v, who, key): the staff record that named the old pseudonym names the new one. */
static cv_status rename_staff(struct cv_ui *ui, struct cv_vault *v, const char *who,
                              const struct cv_member_key *key)
{
    struct cv_json *names = NULL;
    cv_status st = names_of(ui, v, &names);
    const char *name = cv_json_get_str(names, who);
    if (st == CV_OK && name != NULL && cv_vault_may_create(v, "directory"))
        st = add_staff(ui, v, key, name);
    cv_json_free(names);
    return st;
}

static cv_status run_replace(struct cv_ui *ui, const void *args)
{
    const struct replace_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_member_key key;
    struct cv_outcome outcome;
    const char *who = ui->words.w[0];
    cv_status st = read_line(ui, ui->words.w[1], a->fingerprint, &key);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    const cv_roles roles = st == CV_OK ? roles_of(o.vault, who) : 0;
    if (st == CV_OK)
        of_the_kind(ui, o.vault, &key);
    st = CV_THEN(st, cv_members_replace(o.vault, who, &key, &outcome, &ui->err));
    if (st == CV_OK && outcome.done)
        st = rename_staff(ui, o.vault, who, &key);
    if (st == CV_OK && !ui->json)
        printf("%s\n", key.pseudonym);
    st = CV_THEN(
        st, cv_ui_outcome(ui, &outcome, "Replaced: the old identity opens nothing written from now on."));
    st = CV_THEN(st, cv_ui_could_read(ui, o.vault, who, roles));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_member_replace = {
    .name = "member replace",
    .synopsis = "[--fingerprint PRINT] MEMBER LINE|FILE",
    .summary = "give a member's roles to their new identity (a lost laptop)",
    .details = "LINE is what `identity new` printed to them, or a file that it stands in. The old identity "
               "is removed in the same step, and all "
               "that it\ncould open gets new keys.",
    .opts = replace_opts,
    .args_bytes = sizeof(struct replace_args),
    .words_min = 2,
    .words_max = 2,
    .run = run_replace,
};
