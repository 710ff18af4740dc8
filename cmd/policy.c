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
        cv_print_to(stderr, "casevault: out of memory\n");
    if (list == NULL)
        printf("  - %s\n", line);
}

/* say_erasure(w, list): entries, since who approves may not know the record. */
static void say_erasure(const struct cv_waiting *w, struct cv_json *list)
{
    for (size_t i = 0; i < w->erasure.count; i++) {
        char line[256];
        snprintf(line, sizeof(line), _("the version in entry %" PRIu64 " can never be opened again"),
                 w->erasure.versions[i].entry);
        say_line(list, line);
    }
}

static cv_status show_waiting(struct cv_ui *ui, struct cv_vault *v, const struct cv_waiting *w)
{
    struct cv_json *o = NULL, *list = ui->json ? cv_json_array() : NULL;
    if (!ui->json)
        cv_print(w->proposal.act == CV_ACT_POLICY
                     ? N_("\nNumber %" PRIu64
                          " waits, a change of the policy, with %u of %u signatures. If it is approved:\n")
                     : N_("\nNumber %" PRIu64
                          " waits, a change of records, with %u of %u signatures. If it is approved:\n"),
                 w->index, w->have, w->need);
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

/* set_witnesses(o, w): as they stand in the policy. */
static cv_status set_witnesses(struct cv_json *o, const struct cv_policy_witnesses *w)
{
    struct cv_json *list = cv_json_array();
    struct cv_buf vkey = { 0 };
    cv_status st = cv_json_set(o, "witness_quorum", cv_json_int(w->quorum));
    for (unsigned i = 0; i < w->count && st == CV_OK; i++) {
        cv_buf_truncate(&vkey, 0);
        st = cv_cosignature_vkey(&w->keys[i], &vkey);
        st = CV_THEN(st, cv_json_push(list, cv_json_strn(cv_buf_view(&vkey))));
    }
    st = CV_THEN(st, cv_json_set(o, "witnesses", cv_json_ref(list)));
    cv_json_free(list);
    cv_buf_free(&vkey);
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
        st = CV_THEN(st, set_witnesses(o, &p->witnesses));
        st = CV_THEN(st, cv_json_set(o, "reason_required", cv_json_bool(p->reason_required)));
        st = CV_THEN(st, cv_json_set(o, "recovery_shares", cv_json_int(p->recovery.shares)));
        st = CV_THEN(st, cv_json_set(o, "recovery_threshold", cv_json_int(p->recovery.threshold)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
        return st;
    }
    cv_print("Policy %" PRIu64 "\n", p->number);
    cv_print_n(stdout, cv_policy_holders(p, cv_policy_role_bit(p, CV_ROLE_CUSTODIAN)),
               "  - %u of %u custodian must sign a change\n", "  - %u of %u custodians must sign a change\n",
               p->quorum, cv_policy_holders(p, cv_policy_role_bit(p, CV_ROLE_CUSTODIAN)));
    cv_print("  - %u must sign an erasure, who work as: %s\n", p->erase_quorum, erasers);
    if (p->package_quorum == 0)
        cv_print("  - a package may leave without the approval of others\n");
    else
        cv_print_n(stdout, p->package_quorum, "  - %u other who may export must approve a package\n",
                   "  - %u others who may export must approve a package\n", p->package_quorum);
    if (p->witnesses.count > 0)
        cv_print_n(stdout, p->witnesses.count, "  - %u of %u witness should cosign a checkpoint:\n",
                   "  - %u of %u witnesses should cosign a checkpoint:\n", p->witnesses.quorum,
                   p->witnesses.count);
    for (unsigned i = 0; i < p->witnesses.count; i++)
        printf("      %s\n", p->witnesses.keys[i].name);
    cv_print(p->reason_required ? N_("  - readers must say why\n") : N_("  - readers may say why\n"));
    if (p->recovery.threshold > 0)
        cv_print_n(stdout, p->recovery.shares, "  - recovery: %u of %u share\n",
                   "  - recovery: %u of %u shares\n", p->recovery.threshold, p->recovery.shares);
    else
        cv_print("  - recovery: there are no shares yet; see `recovery split`\n");
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
    uint64_t quorum, erase_quorum, package_quorum, witness_quorum;
    bool no_approvals, need_reason, no_reason, no_witnesses;
    struct cv_words witnesses;
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
    { "witness", 0, "VKEY", "a witness of the log; those named are all there will be; can be given again",
      offsetof(struct set_args, witnesses), CV_OPT_LIST },
    { "witness-quorum", 0, "K", "how many of them should cosign a checkpoint",
      offsetof(struct set_args, witness_quorum), CV_OPT_COUNT },
    { "no-witnesses", 0, NULL, "the log has no witnesses", offsetof(struct set_args, no_witnesses),
      CV_OPT_FLAG },
    { "require-reason", 0, NULL, "readers must say why", offsetof(struct set_args, need_reason),
      CV_OPT_FLAG },
    { "no-reason", 0, NULL, "readers need not say why", offsetof(struct set_args, no_reason), CV_OPT_FLAG },
    { 0 },
};

/* new_witnesses(ui, a, now, out): what the options make of them. With witnesses and no number, all must
 * cosign. */
static cv_status new_witnesses(struct cv_ui *ui, const struct set_args *a,
                               const struct cv_policy_witnesses *now, struct cv_policy_witnesses *out)
{
    cv_status st = CV_OK;
    *out = *now;
    if (a->witnesses.n > 0 || a->no_witnesses)
        memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < a->witnesses.n && st == CV_OK; i++) {
        struct cv_note_key key;
        st = cv_cosignature_vkey_parse(cv_bytes_str(a->witnesses.w[i]), &key, &ui->err);
        st = CV_THEN(st, cv_policy_add_witness(out, &key, &ui->err));
    }
    if (a->witness_quorum > 0)
        out->quorum = a->witness_quorum <= CV_POLICY_WITNESSES_MAX ? (unsigned)a->witness_quorum
                                                                   : CV_POLICY_WITNESSES_MAX + 1;
    else if (a->witnesses.n > 0)
        out->quorum = now->quorum > 0 && now->quorum <= out->count ? now->quorum : out->count;
    return st;
}

static cv_status run_set(struct cv_ui *ui, const void *args)
{
    const struct set_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_outcome outcome;
    const bool none = a->quorum == 0 && a->erase_quorum == 0 && a->package_quorum == 0 && !a->no_approvals &&
                      a->witness_quorum == 0 && a->witnesses.n == 0 && !a->no_witnesses && !a->need_reason &&
                      !a->no_reason;
    if (a->quorum > CV_POLICY_MEMBERS_MAX || a->erase_quorum > CV_POLICY_MEMBERS_MAX ||
        a->package_quorum > CV_POLICY_MEMBERS_MAX || (a->need_reason && a->no_reason) ||
        (a->no_approvals && a->package_quorum > 0) || none ||
        (a->no_witnesses && (a->witness_quorum > 0 || a->witnesses.n > 0)))
        return cv_fail(
            &ui->err, CV_ERR_ARG,
            "name what is to change: --quorum K, --erase-quorum K, --package-approvals K, "
            "--witness VKEY, --witness-quorum K, --require-reason, or one of the --no-... options");
    struct cv_policy_witnesses witnesses;
    struct cv_rules rules = { .quorum = (unsigned)a->quorum,
                              .erase_quorum = (unsigned)a->erase_quorum,
                              .package_quorum = a->package_quorum > 0 ? (int)a->package_quorum
                                                : a->no_approvals     ? 0
                                                                      : -1,
                              .reason_required = a->need_reason ? 1
                                                 : a->no_reason ? 0
                                                                : -1 };
    cv_status st = cv_ui_open(ui, &o);
    if (st == CV_OK && (a->witness_quorum > 0 || a->witnesses.n > 0 || a->no_witnesses)) {
        st = new_witnesses(ui, a, &cv_vault_policy(o.vault)->witnesses, &witnesses);
        rules.witnesses = &witnesses;
    }
    st = CV_THEN(st, cv_members_rules(o.vault, &rules, &outcome, &ui->err));
    st = CV_THEN(st, cv_ui_outcome(ui, &outcome, "The rules are changed."));
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_policy_set = {
    .name = "policy set",
    .synopsis = "[--quorum K] [--erase-quorum K] [--package-approvals K] [--witness VKEY...] "
                "[--witness-quorum K] [--require-reason|--no-reason]",
    .summary = "change the rules: how many must sign, whether readers say why",
    .opts = set_opts,
    .args_bytes = sizeof(struct set_args),
    .run = run_set,
};
