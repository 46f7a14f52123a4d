// The compiled part of Boost.Asio and Boost.Beast, so that no other file compiles it again. The
// Makefile says so to all of them (BOOST_ASIO_SEPARATE_COMPILATION,
// BOOST_BEAST_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
