# SPDX-License-Identifier: GPL-2.0
# Included by the Makefiles, which set $(me). make stops if a path has a character at which make, kbuild or the shell of a
# recipe would split it, or if a directory that recipes fill and remove has files that they did not make. The checks run
# while make reads its files, before anything is written or removed.
# common/clone.sh refuses the same characters for scripts.

# cd would print where it goes, or go elsewhere.
unexport CDPATH

special := ' " \ $$ ` & ; ( ) < > | * ? [ ] { } \# % : ,
flaw = $(if $(word 2,x$1x),a blank,$(patsubst %,a '%',$(firstword $(foreach c,$(special),$(findstring $c,$1)))))

# $(call check_path,PATH,WHAT IT IS,CURE)
check_path = $(if $(call flaw,$1),$(error $(me): $2, '$(strip $1)', has $(call flaw,$1) in it: $3))

# $(call check_variables,NAME...): checks the text that the user gave, because its '$' is lost in the expansion, and the
# expanded text.
given = $(if $(filter command environment,$(origin $1)),$(value $1))
check_variables = $(foreach v,$1,$(if $($v),$(call check_variable,$v),$(error $(me): $v is empty: name a path)))
check_variable = $(call check_path,$(call given,$1),$1,name one without)$(call check_path,$($1),$1,name one without)

# $(call check_own,NAME...): checks directories that recipes fill and remove. Such a directory is below build/, or it is
# new or empty at first and has a mark from then on. The mark also covers the directories in it.
mark := .made-by-copy_pages
marked = $(or $(wildcard $1/$(mark)),$(if $1,$(call marked,$(patsubst %/,%,$(dir $1)))))
unused = $(if $(wildcard $1),$(if $(wildcard $1/* $1/.[!.]*),,$(wildcard $1/.)),new)
is_own = $(or $(filter $(abspath ../build)/%,$1),$(call marked,$1),$(call unused,$1))
check_own = $(foreach v,$1,$(if $(call is_own,$(abspath $($v))),,$(error $(me): $v=$($v) has files \
	that were not made here: name a new directory)))

$(call check_path,$(CURDIR:%/$(me)=%),the path of this clone,move it to one without)
