#include <inttypes.h>

#include "cmd/cmd.h"
#include "vault/audit.h"
#include "vault/heads.h"
#include "vault/index.h"
#include "vault/rebuild.h"

/* rebuild: the cache, made anew. */

struct rebuild_args {
    const char *reason;
};
static const struct cv_opt opts[] = {
    { "reason", 0, "TEXT", "why, for the access log, where the vault asks for it",
      offsetof(struct rebuild_args, reason), CV_OPT_TEXT },
    { 0 },
};

static void progress(void *arg, uint64_t done, uint64_t total)
{
    cv_ui_progress(arg, "Verifying, bytes", done, total);
}

/* fill(ui, o, reason): catalog, head index, search index. */
static cv_status fill(struct cv_ui *ui, struct cv_opened *o, const char *reason, size_t *sections)
{
    struct cv_index *index = NULL;
    cv_status st = cv_ui_open(ui, o);
    st = CV_THEN(st, cv_heads_catch_up(o->vault, &ui->err));
    st = CV_THEN(st, cv_index_open(o->vault, reason, true, &index, &ui->err));
    for (*sections = 0; index != NULL && cv_index_section(index, *sections) != NULL;)
        ++*sections;
    cv_index_free(index);
    return st;
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct rebuild_args *a = args;
    char path[4096];
    struct cv_audit audit = { 0 };
    struct cv_opened o = { 0 };
    size_t sections = 0;
    cv_status st = cv_ui_vault_path(ui, path);
    /* What a damaged archive lacks, the cache may still help to read around. */
    st = CV_THEN(st, cv_audit_verify(path, ui->trust, NULL, progress, ui, &audit, &ui->err));
    if (st == CV_ERR_LOG)
        ui->hint = "the cache was left as it is; see `casevault check`";
    if (st == CV_OK && !audit.known && ui->trust == NULL)
        st = cv_custody_trust(audit.vault, NULL, &ui->err);
    st = CV_THEN(st, cv_rebuild_forget(audit.vault, &ui->err));
    st = CV_THEN(st, fill(ui, &o, a->reason, &sections));
    if (st == CV_OK && ui->json) {
        struct cv_json *j = cv_json_object();
        st = cv_json_set(j, "entries", cv_json_int((int64_t)audit.entries));
        st = CV_THEN(st, cv_json_set(j, "sections", cv_json_int((int64_t)sections)));
        st = CV_THEN(st, cv_ui_answer(ui, j));
        cv_json_free(j);
    } else if (st == CV_OK)
        cv_print_n(stdout, audit.entries,
                   "Made anew: where %" PRIu64 " entry lies, what you may know of records, and the search\n"
                   "index (sections: %zu). Only this user's cache was touched, never the vault's records.\n",
                   "Made anew: where %" PRIu64 " entries lie, what you may know of records, and the search\n"
                   "index (sections: %zu). Only this user's cache was touched, never the vault's records.\n",
                   audit.entries, sections);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_rebuild = {
    .name = "rebuild",
    .synopsis = "[--reason TEXT]",
    .summary = "make your cache of the vault anew: catalog and search index",
    .details =
        "The vault is verified first; if it is damaged, the cache stays. Opening records' heads and the "
        "sections you may read, to index them, is logged. Whatever the cache lacks is also made by "
        "itself when it is needed.",
    .opts = opts,
    .args_bytes = sizeof(struct rebuild_args),
    .run = run,
};
