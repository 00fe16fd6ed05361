# Install rules: headers as <autohttps/...>, libraries, the program, and what find_package(autohttps) needs.
