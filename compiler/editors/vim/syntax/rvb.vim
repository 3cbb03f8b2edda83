" Vim syntax of rvb's language.
if exists("b:current_syntax")
  finish
endif

syn keyword rvbDefine param let block function cell neuron network recipe state trained gradient
syn keyword rvbStatement import repeated over return emit if else repeat in as
syn keyword rvbOperatorWord and or not
syn keyword rvbBoolean true false
syn keyword rvbType real binary ternary alpha input
syn keyword rvbLayer conv2d conv1d conv2d_transposed upsample linear batchnorm avgpool maxpool global_avgpool
syn keyword rvbLayer flatten vote add mean_over_time dropout drop_path delay random index largest mean sum
syn keyword rvbLayer variance deviation softmax reshape permute to_tokens split_heads join_heads concat slice
syn keyword rvbLayer pad at_time matmul cross_entropy targets target_values progress
syn keyword rvbFunction abs atan cos detach exp floor length log max min round shape sigmoid softplus sqrt step tanh
syn match rvbNumber "\<\d\+\(\.\d\+\)\?\([eE][-+]\?\d\+\)\?\>"
syn match rvbOperator "|>\|\.\.\|[-+*%<>=?:]\|!="
syn region rvbString start=+"+ skip=+\\.+ end=+"+ oneline
syn match rvbComment "//.*$" contains=@Spell
syn region rvbComment start="/\*" end="\*/" contains=@Spell

hi def link rvbDefine Structure
hi def link rvbStatement Statement
hi def link rvbOperatorWord Operator
hi def link rvbBoolean Boolean
hi def link rvbType Type
hi def link rvbLayer Function
hi def link rvbFunction Function
hi def link rvbNumber Number
hi def link rvbOperator Operator
hi def link rvbString String
hi def link rvbComment Comment

let b:current_syntax = "rvb"
