# hlb: one page builds, tests, measures and installs everything. `make help` lists the targets.
# VARIANT=release|debian|debug|asan|tsan names the build, which lies in build/VARIANT; i386 is the
# module for 32-bit programs, alone.

VARIANT ?= release
PREFIX  ?= /usr
DESTDIR ?=
FUZZ_SECONDS ?= 10
SOAK_SECONDS ?= 600
SOAK_SEED ?= $(shell date +%s)
# V=1 shows each command. TOTAL is how many compilations there are to be, for a line of progress.
V     ?=
TOTAL ?=

OUT  := build/$(VARIANT)
GEN  := build/generated
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
LIBDIR = $(PREFIX)/lib/$(shell $(CXX) -print-multiarch)
UNITDIR ?= $(PREFIX)/lib/systemd/system

# Clang compiles the sanitizers' checks, and code that isn't optimized, in half the time of g++.
CLANG := $(shell tests/setup/clang)
CXX.asan  := clang++-$(CLANG)
CXX.debug := clang++-$(CLANG)
CXX := $(or $(CXX.$(VARIANT)),$(if $(filter default,$(origin CXX)),g++,$(CXX)))

WERROR   ?= -Werror
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(WERROR)
MODE.release := -O2 -g1
MODE.debian  := -g1
MODE.debug   := -O0 -g1
# The check of vptr takes a descriptor, and there are tests that leave none.
MODE.asan    := -O0 -g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer \
                -fsanitize-ignorelist=tests/setup/ubsan.ignore
MODE.tsan    := -O1 -g -fsanitize=thread -Wno-tsan
MODE.i386    := -O2 -g1 -m32
LINK.asan     = -fsanitize=address,undefined -shared-libasan -Wl,-rpath,$(shell $(CXX) -print-resource-dir)/lib/linux
LINK.tsan    := -fsanitize=thread
LINK.i386    := -m32

# Programs leave out what nothing calls, most of it from headers of libraries, and have a short list
# of relocations, which glibc reads since 2.36. That is a tenth of hlbd.
SECTIONS.release := -ffunction-sections -fdata-sections
SMALL.release    := -Wl,--gc-sections,-z,pack-relative-relocs
SECTIONS.debian  := $(SECTIONS.release)
SMALL.debian     := $(SMALL.release)

# libsystemd is for sd_notify, libresolv (of libc) reads DNS messages; the rest is header-only or a
# plain -l. c-ares calls ares_query() deprecated since 1.28, but keeps it; 1.18 has nothing else.
LIBS := sdbus-c++ libsystemd spdlog fmt re2 openssl libcares libidn2 libmnl libnghttp2 prometheus-cpp-core zlib
CPPFLAGS += -I. -Ihlbd -I$(GEN) -MMD -MP -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION \
            -DCARES_NO_DEPRECATED -DHLB_VERSION='"$(VERSION)"'
CXXFLAGS_ALL = -std=c++20 $(WARNINGS) $(MODE.$(VARIANT)) -fPIE -pthread $(CXXFLAGS)

# Debian's own flags, with which it builds packages; tests/check makes packages of this build.
ifeq ($(VARIANT),debian)
debian_flags = $(shell DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --get $(1))
CPPFLAGS += $(call debian_flags,CPPFLAGS)
CXXFLAGS += $(call debian_flags,CXXFLAGS) -g1
LDFLAGS  += $(call debian_flags,LDFLAGS)
endif

# The guest: libc alone. No C++ run time (linked by the C compiler), no start files, so that loading
# it runs no code; sanitizer builds, which need theirs, are for the tests alone. In two segments
# in place of four it loads 15 us sooner, which a program that looks up one name notices.
GUEST_FLAGS  = -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-threadsafe-statics $(GUEST_SPEED.$(VARIANT))
# Every lookup of the machine runs through it: a tenth faster than by -O2, for 6 KiB more.
GUEST_SPEED.release := -O3
GUEST_SPEED.debian  := -O3
GUEST_SPEED.i386    := -O3
GUEST_LINK  := -shared -static-libgcc -Wl,-soname,libnss_hlb.so.2 -Wl,--version-script=libnss_hlb/exports.map \
               -Wl,-z,nodelete,-z,now,-z,relro,-z,noseparate-code
GUEST_LD.release := $(CC) -nostartfiles -Wl,-z,defs
GUEST_LD.debian  := $(GUEST_LD.release)
GUEST_LD.debug   := $(GUEST_LD.release)
GUEST_LD.i386    := $(GUEST_LD.release)

guest_sources  := $(wildcard libnss_hlb/*.cpp)
# In one piece, so that what a lookup calls is inlined.
guest_group    := $(shell tests/setup/groups guest:libnss_hlb)
shared_sources := $(addprefix libnss_hlb/,choose.cpp message.cpp name.cpp network.cpp random.cpp record.cpp table.cpp)
# Every room of hlbd's, and the folders in them; */helper and ctl are programs of their own.
hlbd_folders   := $(filter-out hlbd/%/helper hlbd/ctl%,$(patsubst %/,%,$(sort $(dir $(wildcard hlbd/*.cpp hlbd/*/*.cpp hlbd/*/*/*.cpp)))))
ctl_folders    := $(patsubst %/,%,$(sort $(dir $(wildcard hlbd/ctl/*.cpp hlbd/ctl/*/*.cpp))))
# hlbctl reads configurations, too.
config_folders := hlbd/config hlbd/health hlbd/text
# And it writes to the fleet's etcd.
etcd_folders   := hlbd/fleet/etcd hlbd/rpc hlbd/tls
groups         := $(shell tests/setup/groups $(config_folders:%=config:%) unit:tests/unit $(ctl_folders:%=ctl:%) $(etcd_folders:%=etcd:%) \
                      $(patsubst %,daemon:%,$(filter-out $(config_folders) $(etcd_folders),$(hlbd_folders))))
ctl_sources    := $(filter hlbd/ctl/% build/groups/ctl/%,$(groups))
unit_sources   := $(filter build/groups/unit/%,$(groups))
hlbd_sources   := $(filter-out $(ctl_sources) $(unit_sources),$(groups))
config_sources := $(filter build/groups/config/%,$(groups))
etcd_sources   := $(filter build/groups/etcd/%,$(groups))
# The helper that runs programs is small, so that its forks are cheap: no library but libc and the
# C++ run time.
helpers_side   := $(addprefix hlbd/helpers/,packets.cpp service_manager.cpp)
helper_sources := $(helpers_side) hlbd/programs/message.cpp $(wildcard hlbd/programs/helper/*.cpp)
# The one that ends connections has libmnl, and libseccomp to confine itself by.
closer_sources := $(helpers_side) $(addprefix hlbd/,connections/message.cpp network/netlink.cpp network/sock_diag.cpp \
                      network/sockets.cpp system/socket_address.cpp text/address.cpp) $(wildcard hlbd/connections/helper/*.cpp)
every_source   := $(wildcard $(addsuffix /*.cpp,libnss_hlb $(hlbd_folders) hlbd/*/helper $(ctl_folders) tests tests/* tests/*/*))
tool_sources   := $(wildcard tests/integration/*.cpp)
bench_sources  := $(wildcard tests/bench/*.cpp)
fuzz_sources   := $(wildcard tests/fuzz/*.cpp)

obj = $(patsubst %.cpp,$(OUT)/obj/%.o,$(1))
guest_objects  := $(call obj,$(guest_sources))
shared_objects := $(call obj,$(shared_sources))
hlbd_objects   := $(call obj,$(hlbd_sources))
daemon_parts   := $(filter-out %/hlbd/main.o,$(hlbd_objects))
# What hlbctl and the fuzzers need of the ground floor: of system/ what needs libc alone.
ground_objects := $(call obj,$(addprefix hlbd/system/,socket_address.cpp user_name.cpp whole_file.cpp))
# Beside its own files and those, hlbctl has those that read a configuration, and those that read the table.
ctl_parts      := $(filter-out %/ctl/main.o,$(call obj,$(ctl_sources)))
# What is shown of services, in hlbctl as in hlbd.
report_objects := $(call obj,$(addprefix hlbd/operators/,standing.cpp status_json.cpp))
fleet_objects  := $(call obj,$(etcd_sources) hlbd/asio.cpp $(addprefix hlbd/fleet/,accept.cpp catalog.cpp entries.cpp json.cpp keys.cpp service_entry.cpp) \
                    $(addprefix hlbd/system/,host.cpp moment.cpp scope.cpp thread.cpp worker.cpp))
ctl_objects    := $(call obj,$(ctl_sources) $(config_sources)) $(ground_objects) $(report_objects) $(fleet_objects) $(shared_objects)
fuzzed_objects := $(guest_objects) $(ground_objects) $(call obj,$(config_sources) $(addprefix hlbd/,asio.cpp connections/message.cpp discovery/reply.cpp programs/message.cpp helpers/packets.cpp \
                    $(addprefix fleet/,catalog.cpp entries.cpp json.cpp keys.cpp merge.cpp service_entry.cpp) \
                    $(addprefix probes/,reason.cpp target.cpp way_socket.cpp $(addprefix http/,head_text.cpp response_body.cpp response_head.cpp)) \
                    $(addprefix publish/,encode.cpp live_record.cpp peer_protocol.cpp store_order.cpp) \
                    fleet/etcd/messages.cpp $(addprefix rpc/,framing.cpp http2.cpp reply.cpp session.cpp)))
preloads       := $(patsubst %,$(OUT)/tests/%.so,kernel_timers slept)
tools          := $(patsubst tests/integration/%.cpp,$(OUT)/tests/%,$(tool_sources)) $(preloads)
$(fuzzed_objects): MODE.asan += -fsanitize=fuzzer-no-link
fuzzers        := $(patsubst tests/fuzz/%.cpp,$(OUT)/fuzz/%,$(fuzz_sources))
# libstdc++ 12 uses what it calls deprecated itself, which clang shows all the same; and clang, unlike
# g++, asks for every field after a designated one.
packages_flags := $(if $(findstring clang,$(CXX)),-Wno-deprecated-declarations -Wno-missing-designated-field-initializers) \
                  $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
packages_libs  := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lresolv
engine_sources := $(wildcard tests/bench/engine/*.cpp)
benchers       := $(addprefix $(OUT)/bench/,sampler first_lookup libnss_null1.so.2 libnss_null2.so.2) \
                    $(patsubst tests/bench/engine/%.cpp,$(OUT)/bench/engine_%,$(engine_sources))

.PHONY: help all demo demo-fleet test check check-packages soak bench install uninstall deb format unit tools guest_tools fuzzers benchers \
        compile_commands.json every_object clean
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

help: ## this list
	@awk -F ':.*## ' '/^[a-z_.-]+:.*## /{printf "  make %-22s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

all: $(OUT)/libnss_hlb.so.2 $(OUT)/hlbd $(OUT)/hlb-programs $(OUT)/hlb-connections $(OUT)/hlbctl ## module, daemon and hlbctl, in build/VARIANT

# Compiles $< as $@; the counting is for TOTAL.
quiet := $(if $(V),,@)
compile = $(quiet)$(CXX) $(CPPFLAGS) $(CXXFLAGS_ALL) $(EXTRA) -c -o $@ $<
ifdef TOTAL
compiling = @$(eval done += x)echo 'compiling $(words $(done)) of $(TOTAL)'
else
compiling = @echo 'compiling $<'
endif
link_program = $(quiet)$(CXX) -pie -pthread $(LINK.$(VARIANT)) $(SMALL.$(VARIANT)) $(LDFLAGS) -Wl,--as-needed
linking = @$(if $(TOTAL),:,echo 'linking $@')

$(OUT)/libnss_hlb.so.2: $(call obj,$(guest_group)) libnss_hlb/exports.map
	$(linking)
	$(quiet)$(or $(GUEST_LD.$(VARIANT)),$(CXX)) $(GUEST_LINK) $(LINK.$(VARIANT)) $(LDFLAGS) -o $@ $(call obj,$(guest_group))

$(OUT)/hlbd: $(hlbd_objects) $(shared_objects)
	$(linking)
	$(link_program),--dynamic-list=hlbd/exports.list -o $@ $^ $(packages_libs)

$(OUT)/hlb-programs: $(call obj,$(helper_sources))
	$(linking)
	$(link_program) -o $@ $^

$(OUT)/hlb-connections: $(call obj,$(closer_sources))
	$(linking)
	$(link_program) -o $@ $^ -lmnl -lseccomp

$(OUT)/hlbctl: $(ctl_objects)
	$(linking)
	$(link_program) -o $@ $^ $(packages_libs)

# Code under test comes first: of an inline function that the tests have too, its copy is linked.
$(OUT)/unit_tests: $(daemon_parts) $(ctl_parts) $(guest_objects) $(call obj,$(unit_sources))
	$(linking)
	$(quiet)$(CXX) -pie -pthread $(LINK.$(VARIANT)) $(LDFLAGS) -o $@ $^ $(packages_libs) -lgmock -lgtest -lgtest_main

$(OUT)/tests/table_stress: $(call obj,$(addprefix hlbd/,text/address.cpp health/verdict.cpp publish/encode.cpp \
                        publish/live_record.cpp publish/live_table.cpp publish/store_order.cpp)) $(shared_objects)
$(OUT)/tests/sort_order: $(call obj,$(addprefix hlbd/,publish/sort_score.cpp network/netlink.cpp network/source_address.cpp \
                        system/socket_address.cpp text/address.cpp))
$(OUT)/tests/sort_order: USED = -lmnl
$(OUT)/tests/fleet_client: $(daemon_parts) $(shared_objects)
$(OUT)/tests/fleet_client: USED = $(packages_libs)
$(OUT)/tests/fleet_tables: $(shared_objects)
$(OUT)/tests/%: $(OUT)/obj/tests/integration/%.o
	@mkdir -p $(@D)
	$(linking)
	$(quiet)$(CXX) -pie -rdynamic -pthread $(LINK.$(VARIANT)) $(LDFLAGS) -o $@ $^ $(USED)

# Only with VARIANT=asan: code under test tells the fuzzer which branches an input takes.
$(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(fuzzed_objects)
	@mkdir -p $(@D)
	$(linking)
	$(quiet)$(CXX) -pie -pthread -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(packages_libs)

$(OUT)/bench/sampler: $(call obj,$(filter-out %/first_lookup.cpp,$(bench_sources)))
	@mkdir -p $(@D)
	$(linking)
	$(quiet)$(CXX) -pie -pthread $(LDFLAGS) -o $@ $^

$(OUT)/bench/first_lookup: $(call obj,tests/bench/first_lookup.cpp)
	@mkdir -p $(@D)
	$(linking)
	$(quiet)$(CC) -pie $(LDFLAGS) -o $@ $^

$(OUT)/bench/engine_%: $(OUT)/obj/tests/bench/engine/%.o
	@mkdir -p $(@D)
	$(linking)
	$(quiet)$(CXX) -pie -pthread $(LDFLAGS) -o $@ $^

# The floors: null modules, linked as any module is.
$(OUT)/bench/libnss_%.so.2: $(OUT)/obj/tests/bench/null/%.o
	@mkdir -p $(@D)
	$(linking)
	$(quiet)$(CC) -shared -Wl,-soname,$(@F) $(LDFLAGS) -o $@ $^

$(OUT)/tests/%.so: $(OUT)/obj/tests/integration/preload/%.o
	@mkdir -p $(@D)
	$(linking)
	$(quiet)$(CC) -shared $(LDFLAGS) -o $@ $^

$(OUT)/obj/libnss_hlb/%.o $(OUT)/obj/tests/bench/null/%.o $(OUT)/obj/tests/integration/preload/%.o: EXTRA = $(GUEST_FLAGS)
# g++ warns falsely of new and delete from inside Boost's coroutine frames at -O2, and of anonymous
# namespaces in included files, which is right for headers, not for a group's files.
$(OUT)/obj/hlbd/%.o $(OUT)/obj/build/groups/%.o $(OUT)/obj/tests/%.o: EXTRA = $(SECTIONS.$(VARIANT)) $(packages_flags) \
    -Wno-mismatched-new-delete -Wno-subobject-linkage -Wno-unknown-warning-option
$(OUT)/obj/build/groups/guest/%.o: EXTRA = $(GUEST_FLAGS) -Wno-subobject-linkage -Wno-unknown-warning-option
# LLVM, whose headers the plugin uses, is built without RTTI.
$(OUT)/obj/tests/tidy_plugin.o: EXTRA += -fPIC -fno-rtti -isystem /usr/lib/llvm-$(CLANG)/include
# Tests are compiled as fast as can be, code under test as VARIANT says. Their functions are long: with
# the sanitizer's code in place a third of the compiler's time goes into that; called, it sees the same.
$(OUT)/obj/build/groups/unit/%.o $(OUT)/obj/tests/unit/%.o: EXTRA += -O0 -g1 $(if $(filter asan,$(VARIANT)),-fno-sanitize=undefined -fsanitize-address-outline-instrumentation)

$(OUT)/obj/%.o: %.cpp | build/dependencies
	@mkdir -p $(@D)
	$(compiling)
	$(compile)

# Checks that compilers and libraries are there, or says in one line how to get them.
build/dependencies: debian/control
	@tests/setup/dependencies check all
	@mkdir -p $(@D) && touch $@

# Made before anything that may include them is compiled; which files do is known from then on.
$(hlbd_objects) $(ctl_objects) $(call obj,$(unit_sources) $(every_source)): | $(patsubst %,$(GEN)/org.hlb1.%.h,adaptor proxy)
$(GEN)/%.adaptor.h: hlbd/data/%.xml
	@mkdir -p $(@D)
	$(quiet)sdbus-c++-xml2cpp $< --adaptor=$@
$(GEN)/%.proxy.h: hlbd/data/%.xml
	@mkdir -p $(@D)
	$(quiet)sdbus-c++-xml2cpp $< --proxy=$@

# Loaded into clang-tidy by tests/tidy.
build/tidy_plugin.so: $(OUT)/obj/tests/tidy_plugin.o
	$(linking)
	$(quiet)$(CXX) -shared -o $@ $<

unit: $(OUT)/unit_tests $(OUT)/hlb-programs $(OUT)/hlb-connections
tools: $(tools)
# Those that hlbd isn't linked into.
guest_tools: $(filter-out %/fleet_client,$(tools))
fuzzers: $(fuzzers)
benchers: $(benchers)

demo: ## the main job on real input, in a private namespace
	@tests/integration/world --check $@ && tests/setup/dependencies install $@
	@tests/setup/build $(OUT)/libnss_hlb.so.2 $(OUT)/hlbd
	@tests/demo/demo $(OUT)

demo-fleet: ## five hosts that follow three etcds, which are killed, in a private namespace
	@tests/integration/world --check $@ && tests/setup/dependencies install $@
	@tests/setup/build $(OUT)/libnss_hlb.so.2 $(OUT)/hlbd $(OUT)/hlbctl
	@tests/demo/demo $(OUT) fleet

test: ## the inner loop: unit and integration tests, style of what changed; T=Machine.*, T=test_hlbd.py::…: these
	@tests/test $(T)

check: ## every test: release, sanitizers, fuzzers, real programs, packages; STEPS="model rules": these
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/check

soak: ## troubles of all kinds at once under lookups, for SOAK_SECONDS=600; SOAK_SEED=… has them come as they did
	@tests/setup/ready test
	@tests/setup/build all tools
	@BUILD=$(OUT) SOAK_SECONDS=$(SOAK_SECONDS) SOAK_SEED=$(SOAK_SEED) tests/integration/run -s -o faulthandler_timeout=0 tests/integration/test_soak.py tests/integration/test_soak_backends.py

check-packages: ## the packages, thoroughly, on booted machines of Debian 12 and 13
	@tests/packages/check

bench: ## ratios against floors and peers, in build/bench.json too; BENCH="tcp": these parts
	@tests/setup/ready test
	@tests/setup/build all benchers $(OUT)/tests/seeing && tests/bench/bench $(BENCH)

# A reload is over when hlbd says so, where systemd (253) waits for that.
SERVICE_TYPE = $(shell pkg-config --atleast-version=253 libsystemd && echo notify-reload || echo notify)
# The bus reads what is installed beside the system in /etc alone.
POLICYDIR = $(if $(filter /usr,$(PREFIX)),/usr/share,/etc)/dbus-1/system.d

# $(call put,MODE,FOLDER,FILES)
put = install -D -m $(1) -t "$(DESTDIR)$(2)" $(3)

install: all ## into DESTDIR, under PREFIX; an existing configuration is kept
	$(call put,644,$(LIBDIR),$(OUT)/libnss_hlb.so.2)
	$(call put,755,$(PREFIX)/sbin,$(OUT)/hlbd)
	$(call put,755,$(PREFIX)/lib/hlb,$(OUT)/hlb-programs $(OUT)/hlb-connections)
	$(call put,755,$(PREFIX)/bin,$(OUT)/hlbctl)
	$(call put,644,$(PREFIX)/share/man/man1,hlbd/man/*.1)
	$(call put,644,$(PREFIX)/share/man/man5,hlbd/man/*.5)
	$(call put,644,$(PREFIX)/share/man/man7,hlbd/man/*.7)
	$(call put,644,$(PREFIX)/share/man/man8,hlbd/man/*.8 libnss_hlb/*.8)
	$(call put,644,$(POLICYDIR),hlbd/data/org.hlb1.conf)
	$(call put,644,$(PREFIX)/share/dbus-1/interfaces,hlbd/data/org.hlb1.xml)
	$(call put,644,$(PREFIX)/share/dbus-1/system-services,hlbd/data/org.hlb1.service)
	$(call put,644,$(PREFIX)/share/polkit-1/actions,hlbd/data/org.hlb1.policy)
	$(call put,644,$(PREFIX)/share/doc/hlbd/examples,hlbd/data/hlb-alerts.yml hlbd/data/hlb-dashboard.json hlbd/data/examples/*)
	install -D -m 644 hlbd/data/completions/hlbctl.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/hlbctl"
	ln -sf hlbctl "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/hlbd"
	$(call put,644,$(PREFIX)/share/zsh/vendor-completions,hlbd/data/completions/_hlbctl)
	$(call put,644,$(PREFIX)/share/fish/vendor_completions.d,hlbd/data/completions/hlbctl.fish)
	install -d "$(DESTDIR)/etc/hlb/services.d"
	test -e "$(DESTDIR)/etc/hlb/hlbd.toml" || $(call put,644,/etc/hlb,hlbd/data/hlbd.toml)
	install -D -m 644 hlbd/data/sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/hlbd.conf"
	install -D -m 644 hlbd/data/apparmor "$(DESTDIR)/etc/apparmor.d/abstractions/nameservice.d/hlb"
	$(call put,644,$(UNITDIR),hlbd/data/*.socket hlbd/data/hlbd.service hlbd/data/hlb-programs.service hlbd/data/hlb-connections.service)
	sed -i 's|^Type=notify$$|Type=$(SERVICE_TYPE)|' "$(DESTDIR)$(UNITDIR)/hlbd.service"
	sed -i 's|^ExecStart=/usr/|ExecStart=$(PREFIX)/|' "$(DESTDIR)$(UNITDIR)"/hlb*.service
	$(if $(DESTDIR),,ldconfig)

# Ends hlbd, if it runs by the unit that is to be removed, and has programs turn to the next source.
end_hlbd = ! [ "$$(systemctl show --property=FragmentPath --value hlbd.service 2>/dev/null)" -ef "$(UNITDIR)/hlbd.service" ] || \
  { systemctl disable --now hlbd.service $(foreach each,socket service,hlb-programs.$(each) hlb-connections.$(each)) && \
    $(PREFIX)/sbin/hlbd --retire; }
say_what_is_left = ! grep -qs '^hosts:.*[[:blank:]]hlb\([[:blank:]]\|$$\)' /etc/nsswitch.conf || \
  echo 'left to do: take hlb off the hosts line of /etc/nsswitch.conf'

# Removes all that `install` puts there but the configuration, and the folders that are empty then.
uninstall: all ## what `make install` with the same DESTDIR and PREFIX put there; the configuration stays
	@$(if $(DESTDIR),,$(end_hlbd))
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	$(MAKE) --no-print-directory -s install DESTDIR="$$copy" && rm -r "$$copy/etc/hlb" && \
	(cd "$$copy" && find . ! -type d -print0) | (cd "$(DESTDIR)/" && xargs -0 rm -fv && \
	  rmdir --ignore-fail-on-non-empty ".$(PREFIX)"/share/doc/hlbd/examples ".$(PREFIX)"/share/doc/hlbd)
	$(if $(DESTDIR),,ldconfig)
	@$(if $(DESTDIR),,$(say_what_is_left))

deb: ## the packages, from a clean copy, in build/deb; their tests are those of `make check`
	@tests/setup/dependencies check $@
	@tests/setup/deb

format: ## rewrite the sources with clang-format
	@tests/setup/dependencies check test
	tests/setup/sources '*.cpp' '*.h' | xargs -0 clang-format-$(CLANG) -i

compile_commands.json: ## for editors and clang-tidy: build/compile_commands.json, with each file's flags
	@mkdir -p build
	@$(MAKE) --no-print-directory -nB V=1 VARIANT=debug CXX=clang++-$(CLANG) every_object | tests/setup/compile_commands >build/$@.new
	@mv build/$@.new build/$@

every_object: $(call obj,$(every_source) $(groups))

clean: ## all that was built, downloaded and unpacked: build/
	rm -rf build

-include $(shell find build/*/obj -name '*.d' 2>/dev/null)
