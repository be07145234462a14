module calico-appliance/test/bench/api-load

go 1.19
