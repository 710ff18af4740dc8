#ifndef CV_FORMATS_QR_H
#define CV_FORMATS_QR_H

#include "crypto/bytes.h"

/* QR codes (ISO/IEC 18004), made by libqrencode, with medium error correction and a quiet zone of four
 * modules. */

/** cv_qr_svg(text, out): append an inline SVG, one unit a module. CV_OK; CV_ERR_LIMIT if it is too long for a
 * code; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_qr_svg(struct cv_bytes text, struct cv_buf *out);

/** cv_qr_blocks(text, out): append lines of half blocks, for a terminal: dark modules are spaces on a light
 * ground, as the terminal's own colours are not known. As cv_qr_svg. */
CV_MUST_CHECK cv_status cv_qr_blocks(struct cv_bytes text, struct cv_buf *out);

#endif
