int placeholder_of_nodes_test();
