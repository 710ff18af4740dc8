#include "cmd/cmd.h"

/* What to do next, where a command failed and nobody nearer to the fault has said. */

static const struct {
    cv_status st;
    const char *hint;
} nexts[] = {
    { CV_ERR_NOKEY, N_("`casevault member list` and `section list` show who may; ask them") },
    { CV_ERR_DENIED, N_("`casevault member list` and `section list` show who may; ask them") },
    { CV_ERR_CONSENT, N_("`casevault help court-asks` tells what a package needs") },
    { CV_ERR_LOG, N_("change and delete nothing there; see `casevault help disk`") },
    { CV_ERR_AUTH, N_("keep it as it is, and ask whoever sent it, another way") },
    { CV_ERR_FORMAT, N_("put that right, and give the same command again") },
    { CV_ERR_LIMIT, N_("put that right, and give the same command again") },
    { CV_ERR_IO, N_("see that it is there, yours and not full; then give the same command again") },
    { CV_ERR_NOTFOUND, N_("`casevault help find` tells how to find what there is") },
    { CV_ERR_LOCKED, N_("wait a moment, and give the same command again") },
    { CV_ERR_NOVAULT, N_("a vault is begun as `casevault help first-day` tells") },
    { CV_ERR_NOMEM, N_("close other programs, and give the same command again") },
    { CV_ERR_INTERNAL, N_("if it comes again, tell whoever looks after casevault here") },
};

const char *cv_ui_next(const struct cv_ui *ui, cv_status st)
{
    if (ui->hint != NULL)
        return ui->hint;
    if (ui->wrong_passphrase)
        return N_("type it again, slowly; if it is lost: `casevault help passphrase`");
    for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++)
        if (nexts[i].st == st)
            return nexts[i].hint;
    return NULL;
}
