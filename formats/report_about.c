#include "formats/logline.h"
#include "formats/report_put.h"
#include "formats/words.h"

/* What has to be known to read a report: what each of its lists is, and is not. */

const struct cv_report_about cv_report_abouts[CV_REPORT_LISTS] = {
    { N_("Recovery"),
      N_("Shares were combined, and a member got every role. Ask the custodians who gave their shares, and "
         "why."),
      false, true },
    { N_("Entries in another's name"),
      N_("Who wrote these said that somebody else had done it. casevault itself never does that. They are "
         "counted under those who wrote them."),
      false, true },
    { N_("Entries that do not open"),
      N_("Damaged, or not made by casevault. What they say is not known. Run `casevault check`."), false,
      true },
    { N_("Times that contradict the order"),
      N_("Order is proved; times are what the writers' clocks said. These say a time that entries before or "
         "after them contradict by more than ten minutes, or none that can be read. A wrong clock does that, "
         "and so does who wants to be missed in a report on another month: those with a time outside of this "
         "period stand here only."),
      false, true },
    { N_("Left, or is to leave, without consent"),
      N_("On the legal basis in the reason, where consent is missing. The basis is what the member wrote; "
         "whether it holds is for a lawyer to say."),
      false, true },
    { N_("Refusals"),
      N_("What a member tried and may not do. Most are slips; look for the same member, or the same record, "
         "again and again."),
      true, false },
    { N_("Reads without a tie to the case"),
      N_("Reads of one person's record, or of testimony, by a member whom nothing in the whole log ties to "
         "it: they never wrote it, asked for or approved that it leaves, or had it granted; nor a record "
         "that names it, that it names, or that belongs to the same case. Managers, and who looks a case "
         "up, stand here rightly; and so does who reads what is not theirs. Ask them. What was imported, or "
         "written before casevault noted which records name each other, is tied to who imported or wrote it "
         "only."),
      true, false },
    { N_("Reads of persons and of testimony"), NULL, true, false },
    { N_("Reads at unusual hours"),
      N_("Reads of records before 06:00, from 22:00 on, or on a Saturday or Sunday, in UTC. Where you are "
         "it may have been an ordinary hour."),
      true, false },
    { N_("Bulk reads"),
      N_("One act that names more than 50 records, or more than 100 reads by one member on one day (UTC). "
         "Lists with titles, and the review of what is due, are such acts as well. Which records they name "
         "stands in the CSV."),
      true, false },
    { N_("What left, and what was to leave"),
      N_("*disclose*: a package was asked for. *agree*: it was approved. *export*: sections were opened for "
         "it. *package*: it left, with these fields, to this partner, on these consents. *basis*: without "
         "consent."),
      false, false },
    { N_("Rules and members"),
      N_("Changes of the policy: who is a member, who holds which role, what is asked for; and proposals "
         "that wait or waited."),
      false, false },
    { N_("Approvals"), N_("Signatures by a second person, to rules, erasures and packages."), false, false },
    { N_("Grants and holds"),
      N_("A section opened to somebody beyond their roles; a legal hold set or ended."), false, false },
    { N_("Erasures"), N_("Asked for or carried out. What was erased is not told here; that it was, is."),
      false, false },
};

/* tell_personal(p, sections): what counts as a read of persons and of testimony. */
static void tell_personal(struct cv_report_out *p, const struct cv_json *sections)
{
    struct cv_buf names = { 0 };
    for (size_t i = 0; i < cv_json_len(sections); i++) {
        p->st = CV_THEN(p->st, cv_buf_str(&names, i > 0 ? ", " : ""));
        p->st = CV_THEN(p->st, cv_buf_append(&names, cv_json_text(cv_json_at(sections, i))));
    }
    p->st = CV_THEN(p->st, cv_buf_append(&names, CV_LIT("\0")));
    if (p->st == CV_OK)
        cv_report_tell_of(p,
                          "The log names records by id, not by type: counted is each read that opened one of "
                          "`%s`, which of the ordinary records only persons and testimony have. Nothing here "
                          "says that a read was wrong or right: ask, with the record's id, whoever runs the "
                          "case.",
                          (const char *)names.p);
    cv_buf_free(&names);
}

void cv_report_about_note(struct cv_report_out *p, enum cv_report_list list)
{
    const struct cv_json *sections = cv_json_get(p->r->doc, "personal");
    cv_report_put(p, "<p class=\"note\">");
    if (list != CV_REPORT_PERSONAL)
        cv_report_tell(p, cv_report_abouts[list].note);
    else if (cv_json_len(sections) == 0)
        cv_report_tell(p, N_("Not counted: this vault's template has no section that only persons and "
                             "testimony have."));
    else
        tell_personal(p, sections);
    cv_report_put(p, "</p>\n");
}

/* ---- what has to be known to read it ---- */

void cv_report_about_unknown(struct cv_report_out *p)
{
    static const char *const items[] = {
        N_("Whether a member had a reason to read. The log knows who may, and what ties them to a case; not "
           "who should."),
        N_("When something really happened. Order is proved by the log; times are what the writers' clocks "
           "said."),
        N_("What a member did with a program of their own: who holds the vault's files can read what their "
           "roles open without an entry."),
        N_("What became of what was read or left: copied, printed, told."),
        N_("Whether the log itself is whole. `casevault audit verify` says that, of the same vault."),
        N_("Whether this file is as casevault made it: it bears no signature. Who doubts it makes it again."),
    };
    cv_report_put(p, "<section id=\"unknown\"><h2>");
    cv_report_tell(p, N_("What this report does not know"));
    cv_report_put(p, "</h2>\n<ul class=\"plain\">");
    for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++) {
        cv_report_put(p, "<li>");
        cv_report_tell(p, items[i]);
        cv_report_put(p, "</li>");
    }
    cv_report_put(p, "</ul></section>\n");
}

void cv_report_about_words(struct cv_report_out *p)
{
    cv_report_put(p, "<section id=\"words\"><h2>");
    cv_report_tell(p, N_("The words of the log"));
    cv_report_put(p, "</h2>\n<p class=\"note\">");
    cv_report_tell(p, N_("What stands under *Did*, and what `casevault audit log --action` takes."));
    cv_report_put(p, "</p>\n<ul class=\"words\">");
    for (const struct cv_logline_action *a = cv_logline_actions; a->action != NULL; a++) {
        PUTF(p, "<li><code>%s</code> ", a->action);
        cv_report_tell(p, a->means);
        cv_report_put(p, "</li>\n");
    }
    cv_report_put(p, "</ul></section>\n");
}
