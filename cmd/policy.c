#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/policy_diff.h"
#include "vault/members.h"

/* policy show / approve / set: the rules, what waits to change, and the signatures for it. */

static void say_line(void *arg, const char *line)
{
    struct cv_json *list = arg;
    if (list != NULL && cv_json_push(list, cv_json_str(line)) != CV_OK)
        fprintf(stderr, "casevault: out of memory\n");
    if (list == NULL)
        printf("  - %s\n", line);
}

/* say_erasure(w, list): entries, since who approves may not know the record. */
static void say_erasure(const struct cv_waiting *w, struct cv_json *list)
{
    for (size_t i = 0; i < w->erasure.count; i++) {
        char line[96];
        snprintf(line, sizeof(line), "the version in entry %" PRIu64 " can never be opened again",
                 w->erasure.versions[i].entry);
        say_line(list, line);
    }
}

static cv_status show_waiting(struct cv_ui *ui, struct cv_vault *v, const struct cv_waiting *w)
{
    struct cv_json *o = NULL, *list = ui->json ? cv_json_array() : NULL;
    if (!ui->json)
        printf("\nNumber %" PRIu64 " waits, a change of %s, with %u of %u signatures. If it is approved:\n",
               w->index, w->proposal.act == CV_ACT_POLICY ? "the policy" : "records", w->have, w->need);
    if (w->proposal.act == CV_ACT_POLICY)
        cv_policy_diff(cv_vault_policy(v), w->policy, say_line, list);
    else
        say_erasure(w, list);
    if (!ui->json)
        return CV_OK;
    o = cv_json_object();
    cv_status st = cv_json_set(o, "waits_as", cv_json_int((int64_t)w->index));
    st = CV_THEN(st, cv_json_set(o, "act", cv_json_str(cv_act_name(w->proposal.act))));
    st = CV_THEN(st, cv_json_set(o, "signatures", cv_json_int(w->have)));
    st = CV_THEN(st, cv_json_set(o, "needed", cv_json_int(w->need)));
    st = CV_THEN(st, cv_json_set(o, "changes", cv_json_ref(list)));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(list);
    cv_json_free(o);
    return st;
}

static cv_status show_rules(struct cv_ui *ui, const struct cv_policy *p)
{
    char erasers[CV_ROLE_WORDS];
    cv_policy_role_words(p, p->erasers, erasers, sizeof(erasers));
    if (ui->json) {
        struct cv_json *o = cv_json_object();
        cv_status st = cv_json_set(o, "policy", cv_json_int((int64_t)p->number));
        st = CV_THEN(st, cv_json_set(o, "quorum", cv_json_int(p->quorum)));
        st = CV_THEN(st, cv_json_set(o, "erase_quorum", cv_json_int(p->erase_quorum)));
        st = CV_THEN(st, cv_json_set(o, "erasers", cv_policy_role_names(p, p->erasers)));
        st = CV_THEN(st, cv_json_set(o, "package_quorum", cv_json_int(p->package_quorum)));
        st = CV_THEN(st, cv_json_set(o, "reason_required", cv_json_bool(p->reason_required)));
        st = CV_THEN(st, cv_json_set(o, "recovery_shares", cv_json_int(p->recovery.shares)));
        st = CV_THEN(st, cv_json_set(o, "recovery_threshold", cv_json_int(p->recovery.threshold)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
        return st;
    }
    printf("Policy %" PRIu64 "\n", p->number);
    printf("  - %u of %u custodians must sign a change\n", p->quorum,
           cv_policy_holders(p, cv_policy_role_bit(p, CV_ROLE_CUSTODIAN)));
    printf("  - %u must sign an erasure, who work as: %s\n", p->erase_quorum, erasers);
    if (p->package_quorum == 0)
        printf("  - a package may leave without the approval of others\n");
    else
        printf("  - %u others who may export must approve a package\n", p->package_quorum);
    printf("  - readers %s\n", p->reason_required ? "must say why" : "may say why");
    if (p->recovery.threshold > 0)
        printf("  - recovery: %u of %u shares\n", p->recovery.threshold, p->recovery.shares);
    else
        printf("  - recovery: there are no shares yet; see `recovery split`\n");
    return CV_OK;
}

static cv_status run_show(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_waiting w;
    uint64_t at = 0;
    (void)args;
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, show_rules(ui, cv_vault_policy(o.vault)));
    while (st == CV_OK && (st = cv_change_waiting(o.vault, at, &w, &ui->err)) == CV_OK) {
        st = show_waiting(ui, o.vault, &w);
        at = w.index + 1;
        cv_waiting_free(&w);
    }
    cv_ui_close(&o);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

const struct cv_cmd cv_cmd_policy_show = {
    .name = "policy show",
    .synopsis = "",
    .summary = "show the rules in force, and what waits to change them",
    .run = run_show,
};

static cv_status run_approve(struct cv_ui *ui, const void *args)
{
    struct cv_opened o = { 0 };
    struct cv_outcome outcome;
    char *end = NULL;
    (void)args;
    /* By its number, so that nobody signs what they have not looked at. */
    const uint64_t index = strtoull(ui->words.w[0], &end, 10);
    if (index == 0 || *end != '\0')
        return cv_fail(&ui->err, CV_ERR_ARG, "what waits is named by its number; see `policy show`");
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_change_approve(o.vault, index, &outcome, &ui->err));
    st = CV_THEN(st,
                 cv_ui_outcome(ui, &outcome, "Signed; with this the signatures are enough, and it is done."));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_policy_approve = {
    .name = "policy approve",
    .synopsis = "NUMBER",
    .summary = "sign what waits; with enough signatures it is done",
    .details = "`policy show` says what waits under which number, and what it would change.",
    .words_min = 1,
    .words_max = 1,
    .run = run_approve,
};

struct set_args {
    uint64_t quorum, erase_quorum, package_quorum;
    bool no_approvals, need_reason, no_reason;
};
static const struct cv_opt set_opts[] = {
    { "quorum", 0, "K", "how many custodians must sign a change", offsetof(struct set_args, quorum),
      CV_OPT_NUMBER },
    { "erase-quorum", 0, "K", "how many must sign an erasure", offsetof(struct set_args, erase_quorum),
      CV_OPT_NUMBER },
    { "package-approvals", 0, "K", "how many others must approve a package",
      offsetof(struct set_args, package_quorum), CV_OPT_COUNT },
    { "no-package-approvals", 0, NULL, "a package needs nobody's approval",
      offsetof(struct set_args, no_approvals), CV_OPT_FLAG },
    { "require-reason", 0, NULL, "readers must say why", offsetof(struct set_args, need_reason),
      CV_OPT_FLAG },
    { "no-reason", 0, NULL, "readers need not say why", offsetof(struct set_args, no_reason), CV_OPT_FLAG },
    { 0 },
};

static cv_status run_set(struct cv_ui *ui, const void *args)
{
    const struct set_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_outcome outcome;
    const bool none = a->quorum == 0 && a->erase_quorum == 0 && a->package_quorum == 0 && !a->no_approvals &&
                      !a->need_reason && !a->no_reason;
    if (a->quorum > CV_POLICY_MEMBERS_MAX || a->erase_quorum > CV_POLICY_MEMBERS_MAX ||
        a->package_quorum > CV_POLICY_MEMBERS_MAX || (a->need_reason && a->no_reason) ||
        (a->no_approvals && a->package_quorum > 0) || none)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "name what is to change: --quorum K, --erase-quorum K, --package-approvals K, "
                       "--require-reason, or one of the --no-... options");
    const struct cv_rules rules = { .quorum = (unsigned)a->quorum,
                                    .erase_quorum = (unsigned)a->erase_quorum,
                                    .package_quorum = a->package_quorum > 0 ? (int)a->package_quorum
                                                      : a->no_approvals     ? 0
                                                                            : -1,
                                    .reason_required = a->need_reason ? 1
                                                       : a->no_reason ? 0
                                                                      : -1 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_members_rules(o.vault, &rules, &outcome, &ui->err));
    st = CV_THEN(st, cv_ui_outcome(ui, &outcome, "The rules are changed."));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_policy_set = {
    .name = "policy set",
    .synopsis = "[--quorum K] [--erase-quorum K] [--package-approvals K] [--require-reason|--no-reason]",
    .summary = "change the rules: how many must sign, whether readers say why",
    .opts = set_opts,
    .args_bytes = sizeof(struct set_args),
    .run = run_set,
};
