#!/bin/bash
# The networks of the paper, and of the methods it compares itself with: `rvbc summary` counts what the papers' tables and codes
# count, to the last digit.
. "$(dirname "$0")/common.sh"
networks=$root/stdlib/networks

# counts FILE FLAGS... -- NAME=NUMBER...: the totals of the summary.
counts() {
  local flags=() all=()
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  shift
  all=("$@")
  "$RVBC" summary "$networks/${flags[0]}.rvb" "${flags[@]:1}" --json >summary.json
  python3 - "${flags[*]}" "${all[@]}" <<'END'
import json, sys
total = json.load(open("summary.json"))["total"]
for wanted in sys.argv[2:]:
    name, number = wanted.split("=")
    if total[name] != int(number.replace(",", "")):
        sys.exit(f"{sys.argv[1]}: {name} is {total[name]:,}, expected {number}")
END
}

row() { # FILE FLAGS... -- PARAMETERS OPERATIONS FIRST OTHERS
  local flags=()
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  counts "${flags[@]}" -- parameters_without_alpha="$2" operations="$3" first_convolution="$4" other_operations="$5"
}

#                                            parameters   operations    first conv  all others
row resnet20                              -- 11,247,946   215,684,096   1,769,472   213,914,624
row resnet20 -D classes=100               -- 11,294,116   215,730,176   1,769,472   213,960,704
row resnet20 -D events=true               -- 11,247,370   483,955,712   2,654,208   481,301,504
row resnet19                              -- 12,569,226   2,285,245,440 3,538,944   2,281,706,496
row resnet19 -D classes=100               -- 12,615,396   2,285,291,520 3,538,944   2,281,752,576
row resnet19 -D events=true               -- 12,568,074   5,139,141,632 5,308,416   5,133,833,216
row resnet19 -D tet=true                  -- 12,630,858   2,216,495,616 1,769,472   2,214,726,144
row vgg16                                 -- 14,728,266   313,201,664   1,769,472   311,432,192
row vgg16 -D classes=100                  -- 14,774,436   313,247,744   1,769,472   311,478,272
row resnet18                              -- 11,689,512   1,814,073,344 118,013,952 1,696,059,392
row resnet34                              -- 21,797,672   3,663,761,408 118,013,952 3,545,747,456
row vggsnn                                -- 9,271,498    1,361,654,784 2,654,208   1,359,000,576
row vggsnn -D pooling=false               -- 9,271,498    660,943,872   2,654,208   658,289,664
row scnn                                  -- 1,698,304    841,014,272   37,748,736  803,265,536
row scnn -D candidate=asa                 -- 1,623,918    520,150,016   18,874,368  501,275,648

learned() { # FILE FLAGS... -- PARAMETERS: with real weights, and under signs
  local flags=() variant
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  for variant in vanilla learnable; do
    counts "${flags[@]}" -D variant=$variant -- parameters_without_alpha="$2"
  done
}

learned spikformer                        -- 9,324,730
learned spikformer -D classes=100         -- 9,359,380
learned spikformer -D events=true         -- 2,566,666
learned qkformer                          -- 6,706,234
learned qkformer -D classes=100           -- 6,740,884
learned qkformer -D events=true           -- 1,504,138
learned qkformer -D events=true -D ratio=4 -D classes=11 -- 1,999,371
learned sdt_v2                            -- 15,112,208
learned sdt_v2 -D classes=10              -- 14,754,818
learned sdt_v2 -D size_class=31M          -- 31,333,864
learned sdt_v2 -D size_class=55M          -- 55,350,248
learned egru                              -- 1,056,110
learned egru -D gesture=true              -- 5,717,308
learned egru -D speech=true               -- 741,140
learned egru -D speech=true -D classes=35 -- 744,995
learned radlif -D width=128 -D kind=lif   -- 109,372
learned radlif -D width=128 -D kind=adlif -- 110,140
learned radlif -D width=128 -D kind=rlif  -- 142,140
learned radlif -D width=128               -- 142,908
learned radlif -D width=512 -D kind=lif   -- 633,916
learned radlif                            -- 3,895,356
learned radlif -D depth=3                 -- 5,998,652
learned recurrent_lif                     -- 108,544
learned recurrent_lif -D width=200        -- 184,000
learned binaryconnect                     -- 14,033,566
learned binaryconnect -D mnist=true       -- 2,919,454
learned tab                               -- 5,949,158
learned resnet19 -D norm=tab              -- 12,579,760
learned tcja                              -- 1,832,576
learned tcja -D cifar=true                -- 11,369,450
learned asa                               -- 1,626,108
# The code counts three numbers more in each of 19 and 17 modules, which it does not use: 11,294,002 and 12,689,414.
learned fsta                              -- 11,293,945
learned fsta -D layers=19                 -- 12,689,363
learned ternary_spike                     -- 12,569,243 # ResNet19 and an amplitude for 17 neurons
learned q_snn                             -- 12,569,226
learned agmm                              -- 12,569,260 # ResNet19 and a factor for 2 steps of 17 gates
learned qblif                             -- 12,569,243 # ResNet19 and a size for 17 neurons

counts hsd                  -- parameters_without_alpha=9,271,498 # VGGSNN
counts hsd -D variant=vanilla -- parameters_without_alpha=9,271,506 # and a level for 8 neurons
counts hsd -D stage=teacher -- parameters_without_alpha=9,271,506

# All weights of BinaryConnect are signs; Spikformer's but those of the first convolution and of the classifier.
counts binaryconnect -D variant=reverb -- binary_parameters=14,022,016 alphas=0
counts binaryconnect -D stochastic=true -- binary_parameters=14,022,016 alphas=0
counts binaryconnect -D mnist=true -D variant=reverb -- binary_parameters=2,910,208 alphas=0
counts q_snn -D variant=vanilla -- binary_parameters=12,550,144 alphas=0
counts spikformer -D variant=reverb -- binary_parameters=9,275,904 alphas=0

deployed() { # FILE FLAGS... -- NEURONS SCALED CONVOLUTIONS WEIGHTS ALPHAS
  local flags=()
  while [ "$1" != -- ]; do
    flags+=("$1")
    shift
  done
  counts "${flags[@]}" -- neurons="$2" scaled_outputs="$3" binary_convolutions="$4" binary_parameters="$5" alphas="$6"
}

#                              neurons   scaled    convolutions weights    alphas
deployed resnet20           -- 319,488   333,824   21           11,231,232 3,968
deployed resnet19           -- 1,441,792 1,540,096 18           12,550,144 4,352
deployed resnet19 -D events=true -- 3,244,032 3,465,216 18      12,550,144 4,352
deployed vgg16              -- 276,480   276,480   12           14,708,736 3,712
deployed resnet18           -- 2,308,096 2,483,712 19           11,157,504 3,840
deployed resnet34           -- 3,562,496 3,738,112 35           21,258,240 7,552

# ResNet20's packed weights, everything else at 32 bits, within 1.50 MB
"$RVBC" summary "$networks/resnet20.rvb" --json >summary.json
holds "$(field summary.json '["total"]["deployed_bytes"]') <= 1500000"
expect 0 "$RVBC" summary "$networks/resnet20.rvb"
says '11,247,946 and 3,968 alphas' '215,684,096' '1,769,472' '213,914,624' '319,488 neurons' '333,824 outputs' \
  '21 binary convolutions' '11,231,232 binary weights'

# Variants and kinds of weights are params; a file of one's own takes a network over by its name.
counts resnet20 -D variant=vanilla -- alphas=0 binary_parameters=0 operations=215,684,096
counts resnet20 -D variant=reverb -- alphas=0 binary_parameters=11,231,232
counts resnet20 -D variant=ternary -- alphas=3,968 binary_parameters=11,231,232 deployed_bytes=2,890,536 # two bits a weight
counts resnet20 -D norm=tebn -D T=4 -- parameters_without_alpha=11,248,034                             # 22 x 4 factors
counts resnet20 -D 'spike=lif_learned(each = channel)' -- neurons=319,488
counts resnet20 -D shortcut=real -D 'classifier=binary(alpha)' -- binary_parameters=11,064,320 alphas=4,032
printf 'import resnet20\nrecipe { epochs = 1 }\n' >mine.rvb
expect 0 "$RVBC" check mine.rvb -D width=8
for network in "$networks"/*.rvb; do
  for variant in vanilla reverb learnable ternary; do
    expect 0 "$RVBC" check "$network" -D variant=$variant -D norm=tdbn -D loss=tet -D smoothing=0.1
  done
done
expect 1 "$RVBC" check mine.rvb -D variant=vanila
says RVB0314 vanilla
expect 0 "$RVBC" fmt --check "$networks"/*.rvb "$root"/stdlib/*.rvb "$root"/stdlib/methods/*.rvb
