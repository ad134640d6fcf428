# SPDX-License-Identifier: GPL-2.0
# Included by the Makefiles, which set $(me). Refuses paths that make, kbuild or the shell of a recipe would take apart, and
# directories of somebody else. That happens while make reads its files, before anything is written or removed.
# For scripts, common/clone.sh has the same characters.

special := ' " \ $$ ` & ; ( ) < > | * ? [ ] { } \# % : ,
flaw = $(if $(word 2,x$1x),a blank,$(patsubst %,a '%',$(firstword $(foreach c,$(special),$(findstring $c,$1)))))

# $(call check_path,PATH,WHAT IT IS,CURE)
check_path = $(if $(call flaw,$1),$(error $(me): $2, '$(strip $1)', has $(call flaw,$1) in it: $3))

# $(call check_variables,NAME...): what the user gave, which has lost its '$' once it is expanded, and what becomes of it
given = $(if $(filter command environment,$(origin $1)),$(value $1))
check_variables = $(foreach v,$1,$(if $($v),$(call check_variable,$v),$(error $(me): $v is empty: name a path)))
check_variable = $(call check_path,$(call given,$1),$1,name one without)$(call check_path,$($1),$1,name one without)

# $(call check_own,NAME...): directories that recipes fill and remove. They are below build/, or new or empty at first, and
# have a mark from then on, which counts for what is in them, too.
mark := .made-by-copy_pages
marked = $(or $(wildcard $1/$(mark)),$(if $1,$(call marked,$(patsubst %/,%,$(dir $1)))))
unused = $(if $(wildcard $1),$(if $(wildcard $1/* $1/.[!.]*),,$(wildcard $1/.)),new)
is_own = $(or $(filter $(abspath ../build)/%,$1),$(call marked,$1),$(call unused,$1))
check_own = $(foreach v,$1,$(if $(call is_own,$(abspath $($v))),,$(error $(me): $v=$($v) has what was not made here: \
	name a new directory)))

$(call check_path,$(CURDIR:%/$(me)=%),the path of this clone,move it to one without)
