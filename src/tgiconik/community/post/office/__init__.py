"""The post office: letters go out by channels, and messages of partners are carried out."""
