#include <string.h>

#include "formats/logline.h"
#include "formats/words.h"

/* The log's own words in the reader's language. What stands there is English, whoever wrote it, and stays so:
 * it is only shown otherwise. What is none of these was written by a person, or by another version. */

#define PARTS_MAX 5

const struct cv_logline_action cv_logline_actions[] = {
    { "init", N_("the vault was founded") },
    { "policy", N_("rules were changed: who is a member, who holds which role, what is asked for") },
    { "propose", N_("a change of the rules was asked for, and waits for signatures") },
    { "approve", N_("something that waited was signed") },
    { "seal", N_("keys were handed on to those who waited for them") },
    { "create", N_("a record was written") },
    { "edit", N_("a new version of a record was written") },
    { "attach", N_("a document was put to a record") },
    { "fetch", N_("a document was opened") },
    { "import", N_("many records were written at once") },
    { "read", N_("sections of a record were opened") },
    { "list", N_("many records were looked at: what kind they are, their titles, their consents") },
    { "search", N_("records were searched, and those named here were shown") },
    { "index", N_("records were read for the search index") },
    { "stats", N_("records were counted") },
    { "export", N_("sections were opened to go into a package or a file") },
    { "disclose", N_("a package was asked for") },
    { "agree", N_("a package was approved") },
    { "package", N_("fields of a record left in a package") },
    { "basis", N_("something leaves without consent, on the legal basis in the reason") },
    { "grant", N_("sections were opened to somebody beyond their roles") },
    { "hold", N_("a legal hold was set: nothing of it can be erased") },
    { "clear", N_("a legal hold was ended") },
    { "erase", N_("an erasure was asked for or carried out") },
    { "recovery", N_("recovery shares were combined: a member got every role") },
    { "attest", N_("what a witness or a time authority said was added") },
    { "log", N_("the access log was read") },
    { "repair", N_("the vault was repaired, and entries were gone") },
    { "restore", N_("the vault was put back from a backup") },
    { "refused", N_("somebody tried what they may not do") },
    { NULL, NULL },
};

/* What casevault writes as a detail; of two that could be the same text the longer comes first. */
static const char *const details[] = {
    N_("the vault was founded"),
    N_("a training vault was founded"),
    N_("synthetic cases"),
    N_("keys sealed to those who waited for them"),
    N_("linked to another record"),
    N_("a link was taken away"),
    N_("titles"),
    N_("due"),
    N_("consents"),
    N_("partners"),
    N_("names of members"),
    N_("what belongs to a case"),
    N_("what was granted"),
    N_("whether everything opens"),
    N_("what a case shares with others"),
    N_("is this person known already?"),
    N_("the access log was read"),
    N_("a report of the access log was made"),
    N_("what left the vault"),
    N_("its contents were verified"),
    N_("the tour looks whether it was done"),
    N_("case"),
    N_("does not open: damaged, or not made by casevault"),
    N_("RECOVERY: shares were combined; this member now holds every role"),
    N_("no right to read the history"),
    N_("no right to read the log"),
    N_("no right to read"),
    N_("no right to create"),
    N_("no right to edit"),
    N_("no right to import"),
    N_("no right to export without consent"),
    N_("no right to export without approval"),
    N_("no right to export"),
    N_("no right to search"),
    N_("no right to grant"),
    N_("no right to hold"),
    N_("no right to count"),
    N_("no right to erase a record under legal hold"),
    N_("no right to erase"),
    N_("no right to change the policy"),
    N_("no right to approve"),
    N_("no right to mix training and real"),
    N_("member %s added, policy %s"),
    N_("member %s removed, policy %s"),
    N_("member %s replaced by %s, policy %s"),
    N_("role %s given to %s, policy %s"),
    N_("role %s taken from %s, policy %s"),
    N_("keys of role %s made anew, policy %s"),
    N_("rules changed, policy %s"),
    N_("erase of entry %s, %s of %s signatures"),
    N_("policy of entry %s, %s of %s signatures"),
    N_("%s files that were begun and not finished"),
    N_("package %s from the vault %s"),
    N_("package %s to %s, profile %s, for %s"),
    N_("package %s to %s, for %s; consent %s; ON A LEGAL BASIS where consent is missing"),
    N_("package %s to %s, for %s; ON A LEGAL BASIS where consent is missing"),
    N_("package %s to %s, for %s; consent %s"),
    N_("package %s to %s, for %s"),
    N_("for package %s"),
    N_("to %s until %s"),
    N_("to a file, %s, NOT sealed"),
    N_("to a file, %s, sealed with a passphrase"),
    N_("to %s"),
    N_("document %s, for package %s"),
    N_("document %s, bytes %s to %s"),
    N_("document %s, without its metadata"),
    N_("document %s"),
    N_("ids and types of %s new versions"),
    N_("coded fields of %s new versions"),
    N_("by %s; nothing under %s; %s records of type %s, up to entry %s"),
    N_("entries %s to %s"),
    N_("found in %s"),
    N_("timestamp of checkpoint %s"),
    N_("cosignature of %s, checkpoint %s"),
    N_("from a backup that ends at entry %s; entry %s had been seen, and what came between is gone"),
    N_("%s entries that are gone, or can be proved no more"),
    N_("%s of %s versions, %s files, waits for approval"),
    N_("%s of %s versions, waits for approval"),
    N_("%s of %s versions, %s files"),
    N_("%s of %s versions"),
};
static const char *const reasons[] = { N_("LEGAL BASIS: %s") };

/* match(pattern, text, parts): is it that, with something where "%s" stands? */
static bool match(const char *pattern, const char *text, struct cv_bytes parts[static PARTS_MAX])
{
    for (size_t i = 0;; i++) {
        const char *slot = strstr(pattern, "%s"), *end = NULL;
        const size_t n = slot != NULL ? (size_t)(slot - pattern) : strlen(pattern);
        if (strncmp(text, pattern, n) != 0)
            return false;
        text += n;
        if (slot == NULL || i == PARTS_MAX)
            return slot == NULL && *text == '\0';
        pattern = slot + 2;
        const char *next = strstr(pattern, "%s");
        const size_t after = next != NULL ? (size_t)(next - pattern) : strlen(pattern), left = strlen(text);
        if (next != NULL)
            end = memmem(text, left, pattern, after);
        else if (left >= after)
            end = text + left - after;
        if (end == NULL)
            return false;
        parts[i] = CV_BYTES(text, (size_t)(end - text));
        text = end;
    }
}

/* put(fmt, parts, out): "%s" and "%2$s" are parts. */
static cv_status put(const char *fmt, const struct cv_bytes parts[static PARTS_MAX], struct cv_buf *out)
{
    size_t next = 0;
    cv_status st = CV_OK;
    while (*fmt != '\0' && st == CV_OK) {
        const size_t n = strcspn(fmt, "%");
        size_t which = next;
        st = cv_buf_append(out, CV_BYTES(fmt, n));
        fmt += n;
        if (*fmt == '\0')
            break;
        if (fmt[1] >= '1' && fmt[1] <= '0' + PARTS_MAX && fmt[2] == '$') {
            which = (size_t)(fmt[1] - '1');
            fmt += 2;
        } else
            next++;
        if (fmt[1] != 's' || which >= PARTS_MAX)
            return CV_ERR_INTERNAL;
        st = CV_THEN(st, cv_buf_append(out, parts[which]));
        fmt += 2;
    }
    return st;
}

static cv_status words_of(const char *const *table, size_t n, const char *text, struct cv_buf *out)
{
    struct cv_bytes parts[PARTS_MAX] = { { 0 } };
    for (size_t i = 0; cv_words_other() && i < n; i++)
        if (match(table[i], text, parts))
            return put(_(table[i]), parts, out);
    return cv_buf_str(out, text);
}

cv_status cv_logline_detail(const char *detail, struct cv_buf *out)
{
    return words_of(details, sizeof(details) / sizeof(*details), detail, out);
}

cv_status cv_logline_reason(const char *reason, struct cv_buf *out)
{
    return words_of(reasons, sizeof(reasons) / sizeof(*reasons), reason, out);
}
