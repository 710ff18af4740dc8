#include <string.h>

#include "cmd/cmd.h"
#include "formats/policy_diff.h"
#include "vault/members.h"

/* role list / grant / revoke / rotate, section list: who may do what. */

static cv_status run_roles(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_table t = { .columns = 3 };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    const struct cv_policy *p = st == CV_OK ? cv_vault_policy(o.vault) : NULL;
    cv_table_cell(&t, _("ROLE"));
    cv_table_cell(&t, _("MEMBERS"));
    cv_table_cell(&t, _("READS"));
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
    struct cv_outcome outcome;
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_members_grant(o.vault, ui->words.w[0], ui->words.w[1], &outcome, &ui->err));
    st = CV_THEN(st, cv_ui_outcome(ui, &outcome, "Given: they read what that role reads, old records too."));
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

static cv_status run_revoke(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_outcome outcome;
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    const cv_roles bit = st == CV_OK ? cv_policy_role_bit(cv_vault_policy(o.vault), ui->words.w[1]) : 0;
    st = CV_THEN(st, cv_members_revoke(o.vault, ui->words.w[0], ui->words.w[1], &outcome, &ui->err));
    st = CV_THEN(st, cv_ui_outcome(ui, &outcome, "Taken: new keys are in force for what the role opens."));
    st = CV_THEN(st, cv_ui_could_read(ui, o.vault, ui->words.w[0], bit));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_role_revoke = {
    .name = "role revoke",
    .synopsis = "MEMBER ROLE",
    .summary = "take a role from a member; its keys and what they open are made anew",
    .words_min = 2,
    .words_max = 2,
    .run = run_revoke,
};

static cv_status run_rotate(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_outcome outcome;
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_members_rotate(o.vault, ui->words.w[0], &outcome, &ui->err));
    st =
        CV_THEN(st, cv_ui_outcome(ui, &outcome, "New keys are in force for the role and for what it opens."));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_role_rotate = {
    .name = "role rotate",
    .synopsis = "ROLE",
    .summary = "make a role's keys anew, and those of the sections it reads",
    .details = "Custodians may, and members who hold the role: whoever makes keys knows them until the "
               "command ends, so "
               "after\na vault was founded its holders should do this once, one role each.",
    .words_min = 1,
    .words_max = 1,
    .run = run_rotate,
};

static cv_status run_sections(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_table t = { .columns = 4 };
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    const struct cv_policy *p = st == CV_OK ? cv_vault_policy(o.vault) : NULL;
    cv_table_cell(&t, _("SECTION"));
    cv_table_cell(&t, _("READ BY"));
    cv_table_cell(&t, _("CREATED BY"));
    cv_table_cell(&t, _("EDITED BY"));
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
            char words[CV_ROLE_WORDS];
            cv_policy_role_words(p, sets[k], words, sizeof(words));
            const bool all = sets[k] == p->log.holders;
            cv_table_cell(&t, all ? _("everyone") : words);
        }
    }
    if (st == CV_OK && !ui->json)
        cv_table_print(&t);
    cv_buf_free(&t.cells);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_section_list = { .name = "section list",
                                            .synopsis = "",
                                            .summary = "list the sections: who reads and writes each",
                                            .run = run_sections };
