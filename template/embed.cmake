# Makes a C source that holds ${INPUT}, behind the function ${FUNCTION} of the header ${HEADER}:
# cmake -DINPUT=... -DOUTPUT=... -DHEADER=... -DFUNCTION=... -P embed.cmake
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"\n\nstatic const uint8_t text[] = {\n${bytes}\n};\n\nstruct cv_bytes ${FUNCTION}(void)\n{\n    return CV_ARR(text);\n}\n")
