#include <string.h>

#include "cmd/cmd.h"
#include "vault/members.h"
#include "vault/record.h"

/* member add / list, role list / grant, section list: who may do what. */

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

static cv_status run_add(struct cv_ui *ui, const void *args)
{
    const struct add_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_member_key key;
    const char *line = ui->words.w[0];
    if (a->roles.n == 0)
        return cv_fail(&ui->err, CV_ERR_ARG, "what will they work as? Add --role ROLE; see `role list`");
    cv_status st = cv_member_parse(cv_bytes_str(line), &key, &ui->err);
    if (st == CV_OK && a->fingerprint != NULL && strcmp(a->fingerprint, key.fingerprint) != 0)
        st = cv_fail(&ui->err, CV_ERR_AUTH,
                     "the line's fingerprint is %s, not the one read out: it is not theirs", key.fingerprint);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_members_add(o.vault, &key, a->roles.w, &ui->err));
    if (st == CV_OK && a->name != NULL)
        st = add_staff(ui, o.vault, &key, a->name);
    if (st == CV_OK)
        printf("%s\n", key.pseudonym);
    if (st == CV_OK && a->fingerprint == NULL)
        cv_ui_say(ui, "Admitted. Compare the fingerprint by telephone: %s", key.fingerprint);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_member_add = {
    .name = "member add",
    .synopsis = "--role ROLE... [--name NAME] [--fingerprint PRINT] LINE",
    .summary = "admit a colleague, by the line that `identity new` printed",
    .opts = add_opts,
    .args_bytes = sizeof(struct add_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_add,
};

/* roles_text(p, set, out): names, with commas. */
static void roles_text(const struct cv_policy *p, cv_roles set, struct cv_buf *out)
{
    cv_status st = CV_OK;
    cv_buf_truncate(out, 0);
    for (size_t i = 0; i < p->role_count && st == CV_OK; i++)
        if ((set & ((cv_roles)1 << i)) != 0)
            st = cv_buf_printf(out, "%s%s", out->n > 0 ? ", " : "", p->roles[i].name);
    st = CV_THEN(st, cv_buf_str(out, out->n > 0 ? "" : "-"));
    if (CV_THEN(st, cv_buf_append(out, CV_LIT("\0"))) != CV_OK)
        cv_buf_truncate(out, 0);
}

/* names_of(v): pseudonym -> name, from the staff records. */
static cv_status names_of(struct cv_ui *ui, struct cv_vault *v, struct cv_json **out)
{
    struct cv_versions list = { 0 };
    *out = cv_json_object();
    cv_status st = *out == NULL ? CV_ERR_NOMEM : cv_record_versions(v, NULL, &list, &ui->err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        struct cv_record r = { 0 };
        if (strcmp(list.v[i].type, "staff") != 0)
            continue;
        st = cv_record_read(v, list.v[i].id, 0, NULL, "read", NULL, &r, &ui->err);
        const struct cv_json *d = st == CV_OK ? cv_record_section(&r, "directory") : NULL;
        const char *who = cv_json_get_str(d, "pseudonym");
        if (who != NULL)
            st = cv_json_set(*out, who, cv_json_copy(cv_json_get(d, "name")));
        cv_record_free(&r);
    }
    cv_versions_free(&list);
    return st;
}

static cv_status run_list(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_table t = { .columns = 4 };
    struct cv_buf roles = { 0 };
    struct cv_json *names = NULL;
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, names_of(ui, o.vault, &names));
    const struct cv_policy *p = st == CV_OK ? cv_vault_policy(o.vault) : NULL;
    cv_table_cell(&t, "MEMBER");
    cv_table_cell(&t, "NAME");
    cv_table_cell(&t, "FINGERPRINT");
    cv_table_cell(&t, "ROLES");
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
        roles_text(p, m->roles, &roles);
        cv_table_cell(&t, m->key.pseudonym);
        cv_table_cell(&t, name != NULL ? name : "-");
        cv_table_cell(&t, m->key.fingerprint);
        cv_table_cell(&t, (const char *)roles.p);
    }
    if (st == CV_OK && !ui->json)
        cv_table_print(&t);
    cv_buf_free(&t.cells);
    cv_buf_free(&roles);
    cv_json_free(names);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_member_list = { .name = "member list",
                                           .synopsis = "",
                                           .summary = "list the members, their names and roles",
                                           .run = run_list };

static cv_status run_roles(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_table t = { .columns = 3 };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    const struct cv_policy *p = st == CV_OK ? cv_vault_policy(o.vault) : NULL;
    cv_table_cell(&t, "ROLE");
    cv_table_cell(&t, "MEMBERS");
    cv_table_cell(&t, "READS");
    for (size_t r = 0; st == CV_OK && r < p->role_count; r++) {
        const cv_roles bit = (cv_roles)1 << r;
        struct cv_buf reads = { 0 };
        struct cv_json *list = cv_json_array();
        char count[24];
        size_t members = 0;
        for (size_t i = 0; i < p->member_count; i++)
            members += (p->members[i].roles & bit) != 0;
        for (size_t i = 0; i < p->section_count && st == CV_OK; i++)
            if ((p->sections[i].readers & bit) != 0 && strcmp(p->sections[i].name, "head") != 0) {
                st = cv_buf_printf(&reads, "%s%s", reads.n > 0 ? ", " : "", p->sections[i].name);
                st = CV_THEN(st, cv_json_push(list, cv_json_str(p->sections[i].name)));
            }
        st = CV_THEN(st, cv_buf_append(&reads, CV_LIT("\0")));
        snprintf(count, sizeof(count), "%zu", members);
        if (st == CV_OK && ui->json) {
            struct cv_json *j = cv_json_object();
            st = cv_json_set(j, "role", cv_json_str(p->roles[r].name));
            st = CV_THEN(st, cv_json_set(j, "members", cv_json_int((int64_t)members)));
            st = CV_THEN(st, cv_json_set(j, "reads", cv_json_ref(list)));
            st = CV_THEN(st, cv_ui_answer(ui, j));
            cv_json_free(j);
        } else if (st == CV_OK) {
            cv_table_cell(&t, p->roles[r].name);
            cv_table_cell(&t, count);
            cv_table_cell(&t, reads.n > 1 ? (const char *)reads.p : "-");
        }
        cv_json_free(list);
        cv_buf_free(&reads);
    }
    if (st == CV_OK && !ui->json)
        cv_table_print(&t);
    cv_buf_free(&t.cells);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_role_list = {
    .name = "role list", .synopsis = "", .summary = "list the roles and what each may read", .run = run_roles
};

static cv_status run_grant(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_members_grant(o.vault, ui->words.w[0], ui->words.w[1], &ui->err));
    if (st == CV_OK)
        cv_ui_say(ui, "%s now works as %s, and reads what that role reads, old records too.", ui->words.w[0],
                  ui->words.w[1]);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_role_grant = {
    .name = "role grant",
    .synopsis = "MEMBER ROLE",
    .summary = "give a member one more role",
    .words_min = 2,
    .words_max = 2,
    .run = run_grant,
};

static cv_status run_sections(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_table t = { .columns = 4 };
    struct cv_buf text[3] = { { 0 }, { 0 }, { 0 } };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    const struct cv_policy *p = st == CV_OK ? cv_vault_policy(o.vault) : NULL;
    cv_table_cell(&t, "SECTION");
    cv_table_cell(&t, "READ BY");
    cv_table_cell(&t, "CREATED BY");
    cv_table_cell(&t, "EDITED BY");
    for (size_t i = 0; st == CV_OK && i < p->section_count; i++) {
        const struct cv_policy_section *s = &p->sections[i];
        const cv_roles sets[3] = { s->readers, s->create, s->edit };
        if (ui->json) {
            struct cv_json *j = cv_json_object();
            st = cv_json_set(j, "section", cv_json_str(s->name));
            st = CV_THEN(st, cv_json_set(j, "read", cv_policy_role_names(p, s->readers)));
            st = CV_THEN(st, cv_json_set(j, "create", cv_policy_role_names(p, s->create)));
            st = CV_THEN(st, cv_json_set(j, "edit", cv_policy_role_names(p, s->edit)));
            st = CV_THEN(st, cv_ui_answer(ui, j));
            cv_json_free(j);
            continue;
        }
        cv_table_cell(&t, s->name);
        for (size_t k = 0; k < 3; k++) {
            roles_text(p, sets[k], &text[k]);
            const bool all = sets[k] == p->log.holders;
            cv_table_cell(&t, all ? "everyone" : (const char *)text[k].p);
        }
    }
    if (st == CV_OK && !ui->json)
        cv_table_print(&t);
    cv_buf_free(&t.cells);
    for (size_t k = 0; k < 3; k++)
        cv_buf_free(&text[k]);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_section_list = { .name = "section list",
                                            .synopsis = "",
                                            .summary = "list the sections: who reads and writes each",
                                            .run = run_sections };
