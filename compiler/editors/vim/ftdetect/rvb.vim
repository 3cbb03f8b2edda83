autocmd BufRead,BufNewFile *.rvb set filetype=rvb commentstring=//\ %s
