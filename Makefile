# hlb: one page builds, tests, measures and installs everything. `make help` lists the targets.
# VARIANT=release|debug|asan|tsan|fuzz names the build, which lies in build/VARIANT; i386 is the module
# for 32-bit programs, alone.

VARIANT ?= release
PREFIX  ?= /usr
DESTDIR ?=
FUZZ_SECONDS ?= 30

OUT  := build/$(VARIANT)
GEN  := build/generated
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
LIBDIR = $(PREFIX)/lib/$(shell $(CXX) -print-multiarch)
UNITDIR ?= $(or $(shell pkg-config --variable=systemdsystemunitdir systemd 2>/dev/null),$(PREFIX)/lib/systemd/system)

# Which compiles the sanitizers' checks in half the time that g++ takes for them.
CXX.asan := clang++-16
CXX.fuzz := clang++-16
CXX := $(or $(CXX.$(VARIANT)),$(if $(filter default,$(origin CXX)),g++,$(CXX)))

WERROR   ?= -Werror
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(WERROR)
MODE.release := -O2 -g1
MODE.debug   := -O0 -g
# The check of vptr takes a descriptor, and there are tests that leave none.
MODE.asan    := -O0 -g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE.tsan    := -O1 -g -fsanitize=thread -Wno-tsan
MODE.i386    := -O2 -g1 -m32
MODE.fuzz    := -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK.asan     = -fsanitize=address,undefined -shared-libasan -Wl,-rpath,$(shell $(CXX) -print-resource-dir)/lib/linux
LINK.tsan    := -fsanitize=thread
LINK.i386    := -m32
LINK.fuzz    := -fsanitize=address,undefined

# libsystemd is for sd_notify, libresolv (of libc) reads DNS messages; the rest is header-only or a
# plain -l.
LIBS := sdbus-c++ libsystemd spdlog fmt re2 openssl libcares libnghttp2 prometheus-cpp-core
CPPFLAGS += -I. -Ihlbd -I$(GEN) -MMD -MP -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION \
            -DHLB_VERSION='"$(VERSION)"'
CXXFLAGS_ALL = -std=c++20 $(WARNINGS) $(MODE.$(VARIANT)) -fPIE -pthread $(CXXFLAGS)

# The guest: libc alone. No C++ run time (linked by the C compiler), no start files, so that loading
# it runs no code; sanitizer builds, which need theirs, are for the tests alone. In two segments
# instead of four it loads 15 us sooner, which a program that looks up one name feels.
GUEST_FLAGS := -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-threadsafe-statics
GUEST_LINK  := -shared -static-libgcc -Wl,-soname,libnss_hlb.so.2 -Wl,--version-script=libnss_hlb/exports.map \
               -Wl,-z,nodelete,-z,now,-z,relro,-z,noseparate-code
GUEST_LD.release := $(CC) -nostartfiles -Wl,-z,defs
GUEST_LD.debug   := $(GUEST_LD.release)
GUEST_LD.i386    := $(GUEST_LD.release)

guest_sources  := $(wildcard libnss_hlb/*.cpp)
shared_sources := $(addprefix libnss_hlb/,choose.cpp message.cpp name.cpp network.cpp random.cpp record.cpp table.cpp)
rooms          := bus config discovery engine health metrics probes publish report state
hlbd_sources   := $(wildcard hlbd/*.cpp $(rooms:%=hlbd/%/*.cpp))
ctl_sources    := $(wildcard hlbd/ctl/*.cpp hlbd/ctl/*/*.cpp)
unit_sources   := $(wildcard tests/unit/*.cpp)
tool_sources   := $(wildcard tests/integration/*.cpp)
bench_sources  := $(wildcard tests/bench/*.cpp)
fuzz_sources   := $(wildcard tests/fuzz/*.cpp)

obj = $(patsubst %.cpp,$(OUT)/obj/%.o,$(1))
guest_objects  := $(call obj,$(guest_sources))
shared_objects := $(call obj,$(shared_sources))
hlbd_objects   := $(call obj,$(hlbd_sources))
daemon_parts   := $(filter-out %/hlbd/main.o,$(hlbd_objects))
# Beside its own, hlbctl has what reads a configuration, and what reads the table.
ctl_parts      := $(filter-out %/ctl/main.o,$(call obj,$(ctl_sources)))
ctl_objects    := $(call obj,$(ctl_sources) $(wildcard hlbd/config/*.cpp hlbd/health/*.cpp)) $(shared_objects)
fuzzed_objects := $(guest_objects) $(call obj,$(wildcard hlbd/config/*.cpp hlbd/health/*.cpp) \
                    $(addprefix hlbd/,asio.cpp discovery/reply.cpp publish/encode.cpp publish/peer_protocol.cpp))
tools          := $(patsubst tests/integration/%.cpp,$(OUT)/tests/%,$(tool_sources)) $(OUT)/tests/kernel_timers.so
fuzzers        := $(patsubst tests/fuzz/%.cpp,$(OUT)/fuzz/%,$(fuzz_sources))
packages_flags := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
packages_libs  := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lresolv
engine_sources := $(wildcard tests/bench/engine/*.cpp)
benchers       := $(addprefix $(OUT)/bench/,sampler first_lookup libnss_null1.so.2 libnss_null2.so.2) \
                    $(patsubst tests/bench/engine/%.cpp,$(OUT)/bench/engine_%,$(engine_sources))

.PHONY: help all demo check check-packages bench install deb format deps unit tools fuzzers benchers clean
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

all: $(OUT)/libnss_hlb.so.2 $(OUT)/hlbd $(OUT)/hlbctl ## module, daemon and hlbctl, in build/VARIANT

$(OUT)/libnss_hlb.so.2: $(guest_objects) libnss_hlb/exports.map
	$(or $(GUEST_LD.$(VARIANT)),$(CXX)) $(GUEST_LINK) $(LINK.$(VARIANT)) $(LDFLAGS) -o $@ $(guest_objects)

$(OUT)/hlbd: $(hlbd_objects) $(shared_objects)
	$(CXX) -pie -pthread $(LINK.$(VARIANT)) $(LDFLAGS) -Wl,--as-needed,--dynamic-list=hlbd/exports.list -o $@ $^ $(packages_libs)

$(OUT)/hlbctl: $(ctl_objects)
	$(CXX) -pie -pthread $(LINK.$(VARIANT)) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(packages_libs)

$(OUT)/unit_tests: $(call obj,$(unit_sources)) $(daemon_parts) $(ctl_parts) $(guest_objects)
	$(CXX) -pie -pthread $(LINK.$(VARIANT)) $(LDFLAGS) -o $@ $^ $(packages_libs) -lgmock -lgtest -lgtest_main

$(OUT)/tests/table_stress: $(call obj,$(addprefix hlbd/,health/address.cpp publish/encode.cpp publish/live_record.cpp \
                        publish/live_table.cpp)) $(shared_objects)
$(OUT)/tests/sort_order: $(call obj,hlbd/publish/sort_score.cpp hlbd/publish/source_address.cpp)
$(OUT)/tests/%: $(OUT)/obj/tests/integration/%.o
	@mkdir -p $(@D)
	$(CXX) -pie -rdynamic -pthread $(LINK.$(VARIANT)) $(LDFLAGS) -o $@ $^

$(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(fuzzed_objects)
	@mkdir -p $(@D)
	$(CXX) -pie -pthread -fsanitize=fuzzer $(LINK.$(VARIANT)) $(LDFLAGS) -o $@ $^ $(packages_libs)

$(OUT)/bench/sampler: $(call obj,$(filter-out %/first_lookup.cpp,$(bench_sources)))
	@mkdir -p $(@D)
	$(CXX) -pie -pthread $(LDFLAGS) -o $@ $^

$(OUT)/bench/first_lookup: $(call obj,tests/bench/first_lookup.cpp)
	@mkdir -p $(@D)
	$(CC) -pie $(LDFLAGS) -o $@ $^

$(OUT)/bench/engine_%: $(OUT)/obj/tests/bench/engine/%.o
	@mkdir -p $(@D)
	$(CXX) -pie -pthread $(LDFLAGS) -o $@ $^

# The floors: null modules, linked as any module is.
$(OUT)/bench/libnss_%.so.2: $(OUT)/obj/tests/bench/null/%.o
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,$(@F) $(LDFLAGS) -o $@ $^

$(OUT)/tests/%.so: $(OUT)/obj/tests/integration/preload/%.o
	@mkdir -p $(@D)
	$(CC) -shared $(LDFLAGS) -o $@ $^

$(OUT)/obj/libnss_hlb/%.o $(OUT)/obj/tests/bench/null/%.o $(OUT)/obj/tests/integration/preload/%.o: EXTRA = $(GUEST_FLAGS)
$(OUT)/obj/hlbd/%.o $(OUT)/obj/tests/%.o: EXTRA = $(packages_flags) $(EXTRA.$*)
# Tests are compiled as fast as can be; what they test is as VARIANT says.
$(OUT)/obj/tests/unit/%.o: EXTRA = $(packages_flags) $(EXTRA.$*) -O0
# A false positive from inside Boost's coroutine frames at -O2, for the files with coroutines alone.
COROUTINES := $(basename $(shell grep -l awaitable hlbd/*.cpp hlbd/*/*.cpp tests/unit/*.cpp))
$(foreach f,$(COROUTINES),$(eval EXTRA.$f = -Wno-mismatched-new-delete))

# c-ares calls ares_query() deprecated since 1.28, but keeps it; 1.18 has nothing else.
EXTRA.hlbd/discovery/channel = -DCARES_NO_DEPRECATED

$(OUT)/obj/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) $(CXXFLAGS_ALL) $(EXTRA) -c -o $@ $<

# Made before anything that may include them is compiled; what does is known from then on.
$(hlbd_objects) $(ctl_objects) $(call obj,$(unit_sources)): | $(patsubst %,$(GEN)/org.hlb1.%.h,adaptor proxy)
$(GEN)/%.adaptor.h: hlbd/data/%.xml
	@mkdir -p $(@D)
	sdbus-c++-xml2cpp $< --adaptor=$@
$(GEN)/%.proxy.h: hlbd/data/%.xml
	@mkdir -p $(@D)
	sdbus-c++-xml2cpp $< --proxy=$@

# Loaded into clang-tidy-16 by tests/tidy. LLVM, whose headers it uses, is built without RTTI.
build/tidy_plugin.so: tests/tidy_plugin.cpp
	@mkdir -p $(@D)
	g++ -std=c++20 -O1 $(WARNINGS) -fPIC -fno-rtti -shared -isystem /usr/lib/llvm-16/include -o $@ $<

unit: $(OUT)/unit_tests
tools: $(tools)
fuzzers: $(fuzzers)
benchers: $(benchers)

deps:
	@tests/install_dependencies

demo: deps ## the main job on real input, in a private namespace; as root
	@$(MAKE) --no-print-directory -j$(shell nproc) all >/dev/null && tests/demo/demo build/release

check: deps ## every test: release, sanitizers, fuzzers, real programs; as root
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/check

check-packages: ## the packages, thoroughly, on booted machines; as root
	@tests/install_dependencies pkg.hlb.check pkg.hlb.packages
	@tests/packages/check

bench: deps ## ratios against floors and peers, in build/bench.json too; as root
	@$(MAKE) --no-print-directory -j$(shell nproc) all benchers && tests/bench/bench $(BENCH)

# A reload is over when hlbd says so, where systemd (253) waits for that.
SERVICE_TYPE = $(shell pkg-config --atleast-version=253 libsystemd && echo notify-reload || echo notify)

install: all ## into DESTDIR, under PREFIX; an existing configuration is kept
	install -D -m 644 $(OUT)/libnss_hlb.so.2 $(DESTDIR)$(LIBDIR)/libnss_hlb.so.2
	install -D -m 755 $(OUT)/hlbd $(DESTDIR)$(PREFIX)/sbin/hlbd
	install -D -m 755 $(OUT)/hlbctl $(DESTDIR)$(PREFIX)/bin/hlbctl
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 hlbd/man/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 hlbd/man/*.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 hlbd/man/*.8 libnss_hlb/*.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/dbus-1/system.d hlbd/data/org.hlb1.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/hlbd/examples hlbd/data/hlb-alerts.yml hlbd/data/hlb-dashboard.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/dbus-1/interfaces hlbd/data/org.hlb1.xml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/polkit-1/actions hlbd/data/org.hlb1.policy
	install -D -m 644 hlbd/data/completions/hlbctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/hlbctl
	ln -sf hlbctl $(DESTDIR)$(PREFIX)/share/bash-completion/completions/hlbd
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions hlbd/data/completions/_hlbctl
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d hlbd/data/completions/hlbctl.fish
	test -e $(DESTDIR)/etc/hlb/hlbd.toml || install -D -m 644 -t $(DESTDIR)/etc/hlb hlbd/data/hlbd.toml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/dbus-1/system-services hlbd/data/org.hlb1.service
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/hlbd/examples hlbd/data/examples/*
	install -D -m 644 hlbd/data/sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/hlbd.conf
	install -D -m 644 hlbd/data/apparmor $(DESTDIR)/etc/apparmor.d/abstractions/nameservice.d/hlb
	install -D -m 644 -t $(DESTDIR)$(UNITDIR) hlbd/data/hlbd.service
	sed -i 's/^Type=.*/Type=$(SERVICE_TYPE)/' $(DESTDIR)$(UNITDIR)/hlbd.service

deb: ## the packages, from a clean copy, in build/deb
	@tests/packages/build build/deb && ls -l build/deb/*.deb

format: ## rewrite the sources with clang-format
	clang-format-16 -i $(shell git ls-files '*.cpp' '*.h')

clean:
	rm -rf build

-include $(shell find build/*/obj -name '*.d' 2>/dev/null)
