# Makes a C source that holds ${INPUT}: cmake -DINPUT=... -DOUTPUT=... -P embed.cmake
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"formats/template.h\"\n\nstatic const uint8_t text[] = {\n${bytes}\n};\n\nstruct cv_bytes cv_template_default_text(void)\n{\n    return CV_ARR(text);\n}\n")
