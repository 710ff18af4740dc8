#ifndef CV_FORMATS_PROPOSAL_H
#define CV_FORMATS_PROPOSAL_H

#include "formats/note.h"

/**
 * An act that waits in the vault for signatures. The data of a proposal entry, compact JSON:
 *
 *   {"casevault":"proposal v1","act":"policy"|"erase","note":"<signed note>","seals":"<seals document>"}
 *
 * The note is what will be committed once enough have signed it, with whatever signatures it has so far
 * (perhaps none: its last lines are then missing); `seals` travel with a policy and are "-" otherwise. An
 * approval entry adds signature lines to the proposal at that index:
 *
 *   {"casevault":"approval v1","proposal":N,"signatures":"\u2014 <name> <base64>\n"}
 *
 * Neither has any force by itself: the policy or erase entry that follows is judged by its own signatures.
 */
enum cv_act { CV_ACT_POLICY, CV_ACT_ERASE, CV_ACT_COUNT };
const char *cv_act_name(enum cv_act act);

struct cv_proposal {
    enum cv_act act;
    struct cv_buf text;       /* what is signed, with its last LF */
    struct cv_buf signatures; /* signature lines; may be empty */
    struct cv_buf seals;      /* empty if none */
};
void cv_proposal_free(struct cv_proposal *p);
CV_MUST_CHECK cv_status cv_proposal_write(const struct cv_proposal *p, struct cv_buf *out);
/** cv_proposal_parse(data, out, err): CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_proposal_parse(struct cv_bytes data, struct cv_proposal *out, struct cv_err *err);

/** cv_proposal_note(p, out): append the signed note as it stands. CV_OK; CV_ERR_FORMAT if nobody has signed.
 */
CV_MUST_CHECK cv_status cv_proposal_note(const struct cv_proposal *p, struct cv_buf *out);

/** cv_proposal_sign(p, signer, err): add a signature line. */
CV_MUST_CHECK cv_status cv_proposal_sign(struct cv_proposal *p, const struct cv_note_signer *signer,
                                         struct cv_buf *line, struct cv_err *err);

CV_MUST_CHECK cv_status cv_approval_write(uint64_t proposal, struct cv_bytes signatures, struct cv_buf *out);
/** cv_approval_parse(data, proposal, signatures, err): append the lines. As cv_proposal_parse. */
CV_MUST_CHECK cv_status cv_approval_parse(struct cv_bytes data, uint64_t *proposal, struct cv_buf *signatures,
                                          struct cv_err *err);

#endif
