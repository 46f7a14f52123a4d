hosts after=files hlb
