"""`penchant sql`: SQL over the archive in which models can be asked. docs/sql.md is the reader's side of it.

`words` and `tree` read the SQL, `order` and `plan` put it in another order (pure: SQL in, SQL out); `functions`,
`vectors`, `asker` and `ahead` answer its functions, `running` runs it.
"""
